#!/bin/sh
# What an overlay becomes with one image of ours, named by its content: sh scripts/kustomize-image.sh OVERLAY IMAGE@sha256:…
set -eu
overlay="$1"
image="$2"
# Beside the overlay, since kustomize reads nothing from elsewhere, and gone afterwards.
folder="$(mktemp -d "$(dirname "$overlay")/.deploy-XXXXXX")"
trap 'rm -rf "$folder"' EXIT
name="$(sed -n 's/.*{ name: stockhand, newName: \([^,]*\),.*/\1/p' "$overlay/kustomization.yaml")"
cat > "$folder/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../$(basename "$overlay")]
images:
  - { name: $name, newName: ${image%@*}, digest: ${image#*@} }
END
kubectl kustomize "$folder"
