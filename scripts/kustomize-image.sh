#!/bin/sh
# Prints an overlay with one image of ours, identified by its digest: sh scripts/kustomize-image.sh OVERLAY
# IMAGE@sha256:…
set -eu
overlay="$1"
image="$2"
# Next to the overlay, because kustomize does not read files from elsewhere. Removed at the end.
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
