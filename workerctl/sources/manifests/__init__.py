"""
Manifests of deploys: what a compose file or Kubernetes objects say of the container of a worker.
"""
