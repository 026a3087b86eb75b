#!/bin/sh
# Renders an overlay with one image, given by its digest: sh scripts/kustomize-image.sh OVERLAY IMAGE@sha256:…
set -eu
overlay="$1"
image="$2"
# A temporary folder next to the overlay, because kustomize does not read from other folders.
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
