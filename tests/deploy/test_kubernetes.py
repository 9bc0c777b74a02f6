"""The Kubernetes manifests, as `kubectl kustomize` builds them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.manifests import KUBERNETES, Manifest, built, of_kind, unknown_settings, version
from tests.processes import REPOSITORY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of deploy/kubernetes that the test may change, in a clone."""
    for package in ("common", "readers"):
        (tmp_path / package).symlink_to(REPOSITORY / package)
    return Path(shutil.copytree(KUBERNETES, tmp_path / "deploy" / "kubernetes"))


@pytest.fixture(
    scope="module", params=[(), ("auth",), ("monitoring",), ("auth", "monitoring")], ids="+".join
)
def components(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Return each choice of components."""
    chosen: tuple[str, ...] = request.param
    return chosen


@pytest.fixture(scope="module")
def resources(
    components: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> list[Manifest]:
    """Return the resources with each choice of components."""
    folder = Path(shutil.copytree(KUBERNETES, tmp_path_factory.mktemp("built") / "kubernetes"))
    path = folder / "kustomization.yaml"
    text = path.read_text()
    for component in components:
        text = text.replace("\n# components:\n", "\ncomponents:\n")
        assert f"\n#   - {component}\n" in text
        text = text.replace(f"\n#   - {component}\n", f"\n  - {component}\n")
    path.write_text(text)
    return built(folder)


def write_readers(folder: Path, channels: str | bytes) -> subprocess.CompletedProcess[str]:
    """Write *channels* to channels.txt, and generate readers.yaml from it."""
    content = channels if isinstance(channels, bytes) else channels.encode()
    (folder / "channels.txt").write_bytes(content)
    return subprocess.run(
        [str(folder / "channels")], capture_output=True, text=True, check=False, timeout=30
    )


def readers(folder: Path) -> dict[str, Manifest]:
    """Return the Deployments of readers.yaml by the channel that each reads."""
    documents = yaml.safe_load_all((folder / "readers.yaml").read_text())
    deployments = of_kind("Deployment", filter(None, documents)).values()
    return {pod(each)["containers"][0]["args"][1]: each for each in deployments}


def pod(deployment: Manifest) -> Manifest:
    """Return the pod specification of *deployment*."""
    specification: Manifest = deployment["spec"]["template"]["spec"]
    return specification


def containers(resources: list[Manifest]) -> list[Manifest]:
    """Return the containers of all pods."""
    deployments = of_kind("Deployment", resources).values()
    return [container for each in deployments for container in pod(each)["containers"]]


def test_readers_yaml_matches_the_list(folder: Path) -> None:
    """The repository's readers.yaml is generated from its channels.txt."""
    before = (folder / "readers.yaml").read_text()
    assert write_readers(folder, (folder / "channels.txt").read_text()).returncode == 0
    assert (folder / "readers.yaml").read_text() == before
    assert readers(folder).keys() == {"xqc", "shroud"}


def test_each_channel_of_the_list_has_one_reader_whatever_its_name(folder: Path) -> None:
    """Names with _ anywhere, with digits only, or listed twice get valid, unique names."""
    channels = ["_under_", "a_b", "ab", "123", "a" * 25]
    written = write_readers(folder, "# a comment\n\n" + "\n".join([*channels, "ab  # again"]))
    assert written.returncode == 0, written.stderr
    found = readers(folder)
    assert found.keys() == set(channels)
    assert found["_under_"]["metadata"]["name"] == "twitch--under--reader"
    assert len({each["metadata"]["name"] for each in found.values()}) == len(channels)


@pytest.mark.parametrize(
    "written",
    [
        b"xqc, shroud,a_b\r\n# x, y\r\n",
        b"#xqc  #Shroud\nA_B  # plays everything\n",
        b"https://www.twitch.tv/xqc\ntwitch.tv/shroud a_b xqc",
        b"\xef\xbb\xbfxqc\rshroud\ra_b\r",
        "xqc\r\nshroud\r\na_b\r\n".encode("utf-16"),
    ],
    ids=["CR LF", "hashes", "addresses", "CR and a mark", "UTF-16"],
)
def test_the_list_follows_the_rules_of_channels_conf(folder: Path, written: bytes) -> None:
    """Whatever an editor makes of it."""
    assert write_readers(folder, written).returncode == 0
    assert readers(folder).keys() == {"xqc", "shroud", "a_b"}


def test_an_empty_list_has_no_readers(folder: Path) -> None:
    """The manifests can still be built."""
    assert write_readers(folder, "# nothing yet\n").returncode == 0
    assert readers(folder) == {}
    assert of_kind("Deployment", built(folder)).keys() == {"publisher"}


@pytest.mark.parametrize(
    ("written", "reasons"),
    [
        (b"xqc\nfoo-bar\nshroud!\n", ["line 2: 'foo-bar' is not", "line 3: 'shroud!' is not"]),
        (b"xqc\n#was here before\n", ["line 2: '#was here before' may be names or a comment"]),
        (b"xqc\n\xff\n", ["line 2: byte 0xff is not valid UTF-8"]),
    ],
    ids=["names", "comment", "encoding"],
)
def test_what_is_wrong_is_reported_with_its_line_and_nothing_is_written(
    folder: Path, written: bytes, reasons: list[str]
) -> None:
    """readers.yaml is unchanged."""
    before = (folder / "readers.yaml").read_text()
    refused = write_readers(folder, written)
    assert refused.returncode == 78
    for reason in reasons:
        assert f"channels.txt, {reason}" in refused.stderr
    assert (folder / "readers.yaml").read_text() == before


def test_outside_of_a_clone_the_reason_is_said(tmp_path: Path) -> None:
    """In one line."""
    folder = Path(shutil.copytree(KUBERNETES, tmp_path / "kubernetes"))
    refused = write_readers(folder, "xqc\n")
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "run this in a clone of the repository" in line


def test_every_mount_has_its_volume_and_every_volume_its_claim(resources: list[Manifest]) -> None:
    """Each pod mounts exactly its volumes, and each claim that it uses exists."""
    claims = of_kind("PersistentVolumeClaim", resources)
    for deployment in of_kind("Deployment", resources).values():
        volumes = pod(deployment)["volumes"]
        mounted = {
            mount["name"]
            for container in pod(deployment)["containers"]
            for mount in container["volumeMounts"]
        }
        assert mounted == {volume["name"] for volume in volumes}
        claimed = (volume.get("persistentVolumeClaim") for volume in volumes)
        assert all(claim["claimName"] in claims for claim in claimed if claim)


def test_no_two_pods_share_an_outbox(resources: list[Manifest]) -> None:
    """Each Deployment runs one pod at a time, with a claim that no other Deployment has."""
    claims = []
    for deployment in of_kind("Deployment", resources).values():
        assert deployment["spec"]["replicas"] == 1
        assert deployment["spec"]["strategy"] == {"type": "Recreate"}
        volumes = {volume["name"]: volume for volume in pod(deployment)["volumes"]}
        if "outbox" in volumes:
            claims.append(volumes["outbox"]["persistentVolumeClaim"]["claimName"])
    assert len(claims) == len(set(claims)) == 2


def test_pods_have_no_unnecessary_privileges(resources: list[Manifest]) -> None:
    """As the Pod Security Standard `restricted` requires, and with a read-only file system."""
    for deployment in of_kind("Deployment", resources).values():
        assert pod(deployment)["securityContext"]["runAsNonRoot"] is True
        assert pod(deployment)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(resources):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }


def test_pods_have_the_image_of_this_version_a_probe_and_limits(resources: list[Manifest]) -> None:
    """Each requests processor time and memory, and has a limit of memory only."""
    for container in containers(resources):
        assert container["image"] == f"twitch-ingestion-service:{version()}"
        assert container["livenessProbe"]["exec"] == {"command": ["/app/healthcheck"]}
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory"}


def test_kubernetes_sets_only_existing_settings(resources: list[Manifest]) -> None:
    """Each variable is a setting, and Kubernetes adds no variables for its services."""
    names = set()
    for settings in of_kind("ConfigMap", resources).values():
        names.update(settings["data"])
    for deployment in of_kind("Deployment", resources).values():
        assert pod(deployment)["enableServiceLinks"] is False
    for container in containers(resources):
        names.update(each["name"] for each in container.get("env", ()))
    assert "KAFKA_BROKERS" in names
    assert not unknown_settings(names)


def test_a_pod_with_a_monitor_shares_its_state_and_is_ready_when_the_monitor_says_so(
    components: tuple[str, ...], resources: list[Manifest]
) -> None:
    """A reader's and auth's pod have one only with the component `monitoring`."""
    for name, deployment in of_kind("Deployment", resources).items():
        by_name = {container["name"]: container for container in pod(deployment)["containers"]}
        watched = by_name.pop(deployment["metadata"]["labels"]["app.kubernetes.io/component"])
        assert by_name.keys() == ({"monitor"} if _has_monitor(name, components) else set())
        for monitor in by_name.values():
            assert monitor["args"] == ["monitor"]
            assert _state_volume(monitor) == _state_volume(watched)
            [port] = monitor["ports"]
            assert {"name": "MONITOR_BIND", "value": f"0.0.0.0:{port['containerPort']}"} in monitor[
                "env"
            ]
            assert watched["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}


def _has_monitor(name: str, components: tuple[str, ...]) -> bool:
    return name == "publisher" or "monitoring" in components


def _state_volume(container: Manifest) -> str:
    """Return the volume that *container* keeps its state, and so its status page, in."""
    [name] = [each["name"] for each in container["volumeMounts"] if each["mountPath"] == "/app/var"]
    assert isinstance(name, str)
    return name


def test_readers_find_the_publisher_while_it_is_not_ready(resources: list[Manifest]) -> None:
    """It is not while Kafka is away, and they must learn that it is alive."""
    service = of_kind("Service", resources)["publisher"]["spec"]
    assert service["publishNotReadyAddresses"] is True


def test_prometheus_is_told_of_every_pod_with_a_monitor(
    components: tuple[str, ...], resources: list[Manifest]
) -> None:
    """By the labels of the pods, and with the token that the monitors get."""
    monitors = of_kind("PodMonitor", resources)
    assert monitors.keys() == ({"twitch-ingestion"} if "monitoring" in components else set())
    for monitor in monitors.values():
        [expression] = monitor["spec"]["selector"]["matchExpressions"]
        [endpoint] = monitor["spec"]["podMetricsEndpoints"]
        assert endpoint["port"] == "monitor"
        assert endpoint["authorization"]["credentials"] == {
            "name": "monitor",
            "key": "MONITOR_TOKEN",
        }
        for deployment in of_kind("Deployment", resources).values():
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            assert labels[expression["key"]] in expression["values"]
            secrets = [
                source["secretRef"]["name"]
                for container in pod(deployment)["containers"]
                if container["name"] == "monitor"
                for source in container["envFrom"]
                if "secretRef" in source
            ]
            assert secrets == ["monitor"]
