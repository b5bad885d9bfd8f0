"""Kubernetes: the containers of a Job, and the steps of a Tekton Task. A runner of our own, without containers: paths of mounts are replaced
by folders here, and a container has the tokens that it mounts.
"""

import shutil

import yaml

from .place import Unknown

FILES = ("tekton/release.yml", "kubernetes/release.yml")
ISSUER = "https://kubernetes.default.svc.cluster.local"
WHO = (ISSUER, "https://kubernetes.io/namespaces/release/serviceaccounts/publisher")
SOURCE = "$(workspaces.source.path)"


def run(place, path):
    """The manifests' pod, from beginning to end. Its volume lives on from one to the next."""
    volume = place.scratch / "jobs" / "volume"
    if not volume.exists():
        place.checkout("volume")
    shutil.copyfile(place.repository / "touchplate-trust.json", volume / "touchplate-trust.json")
    place.tools.joinpath("touchplate").unlink(missing_ok=True)
    place.tools.joinpath("touchplate").symlink_to(place.archive.binary)
    for manifest in yaml.safe_load_all((place.repository / path).read_text()):
        kind, spec = manifest["kind"], manifest["spec"]
        if kind == "Task":
            task = spec
        elif kind == "TaskRun":
            pod(place, spec["serviceAccountName"], manifest, task["volumes"], task["steps"], volume)
        elif kind == "Job":
            inner = spec["template"]["spec"]
            pod(place, inner["serviceAccountName"], manifest, inner["volumes"], inner["containers"], volume)
        else:
            raise Unknown(f"the kind {kind}")


def pod(place, account, manifest, volumes, containers, source):
    namespace = manifest["metadata"]["namespace"]
    for container in containers:
        folders = {SOURCE: source}
        mounted = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])}
        for volume in volumes:
            if volume["name"] in mounted:
                folders[mounted[volume["name"]]] = tokens(place, namespace, account, volume["projected"]["sources"]) if "projected" in volume else source
        words = container.get("command") or ["/bin/sh", "-c", container["script"]]
        if words[0] != "/bin/sh":
            raise Unknown(f"the command {words}")
        where = container["workingDir"]
        variables = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
        for variable in container.get("env", []):
            variables[variable["name"]] = folders.get(variable["value"], variable["value"])
        for path, folder in sorted(folders.items(), reverse=True):
            words = [word.replace(path + "/", f"{folder}/") for word in words]
            where = str(folder) if where == path else where
        place.shell(words[-1], where, place.environment(**variables), words[:-1])


def tokens(place, namespace, account, sources):
    """A projected volume of service account tokens."""
    folder = place.scratch / "jobs" / "tokens"
    folder.mkdir(exist_ok=True)
    claims = {"kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": account, "uid": "0b6f"}, "pod": {"name": "p", "uid": "0b70"}}}
    for source in sources:
        asked = source["serviceAccountToken"]
        token = place.token(ISSUER, asked["audience"], f"system:serviceaccount:{namespace}:{account}", claims)
        (folder / asked["path"]).write_text(token)
    return folder
