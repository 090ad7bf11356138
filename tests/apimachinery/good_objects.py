"""One object of each main kind that a server would accept."""

import copy
from typing import Any

from ruleengine.apimachinery.defaulting import default
from ruleengine.apimachinery.kinds import KindTable

Object = dict[str, Any]

POD: Object = {
    "containers": [
        {
            "name": "c",
            "image": "i:1",
            "ports": [{"containerPort": 80, "name": "http"}],
            "env": [{"name": "A", "value": "b"}],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}},
            "livenessProbe": {"httpGet": {"port": 80}},
        }
    ],
    "volumes": [{"name": "v", "emptyDir": {}}],
}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": POD}
WORKLOAD = {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
JOB = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}
PATH = {
    "path": "/",
    "pathType": "Prefix",
    "backend": {"service": {"name": "s", "port": {"number": 1}}},
}

SCALED = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}

GOOD: dict[str, Object] = {
    "v1 Pod": {"spec": POD},
    "v1 Service": {"spec": {"ports": [{"port": 80}]}},
    "v1 ConfigMap": {"data": {"a.yaml": "b"}},
    "v1 Secret": {"data": {"a": "Yg=="}},
    "v1 Namespace": {},
    "v1 PersistentVolumeClaim": {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    },
    "apps/v1 Deployment": {"spec": WORKLOAD},
    "apps/v1 ReplicaSet": {"spec": WORKLOAD},
    "apps/v1 DaemonSet": {"spec": WORKLOAD},
    "apps/v1 StatefulSet": {
        "spec": {
            **WORKLOAD,
            "template": {
                **TEMPLATE,
                "spec": {"containers": POD["containers"]},
            },
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "v"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "1Gi"}},
                    },
                }
            ],
        }
    },
    "batch/v1 Job": {"spec": JOB},
    "batch/v1 CronJob": {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": JOB}}},
    "networking.k8s.io/v1 Ingress": {"spec": {"rules": [{"http": {"paths": [PATH]}}]}},
    "autoscaling/v2 HorizontalPodAutoscaler": {
        "spec": {"maxReplicas": 2, "scaleTargetRef": SCALED}
    },
    "policy/v1 PodDisruptionBudget": {"spec": {"minAvailable": "50%"}},
    "rbac.authorization.k8s.io/v1 RoleBinding": {
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "n"}],
    },
    "apiextensions.k8s.io/v1 CustomResourceDefinition": {
        "metadata": {"name": "lamps.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Lamp", "plural": "lamps"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    },
    "v1 Event": {"involvedObject": {"kind": "Pod", "namespace": "n"}, "reason": "X"},
    "v1 ReplicationController": {"spec": {"template": TEMPLATE}},
    "v1 PodTemplate": {"template": TEMPLATE},
    "v1 PersistentVolume": {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": "/data"},
        }
    },
    "v1 ResourceQuota": {"spec": {"hard": {"cpu": "4", "count/jobs.batch": "2"}}},
    "v1 LimitRange": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}}]}},
    "storage.k8s.io/v1 StorageClass": {"provisioner": "example.com/disks"},
    "storage.k8s.io/v1 CSIDriver": {"spec": {"attachRequired": True}},
    "storage.k8s.io/v1 CSIStorageCapacity": {"storageClassName": "disks"},
    "storage.k8s.io/v1 VolumeAttachment": {
        "spec": {
            "attacher": "example.com",
            "nodeName": "n",
            "source": {"persistentVolumeName": "v"},
        }
    },
    "node.k8s.io/v1 RuntimeClass": {"handler": "runc"},
    "scheduling.k8s.io/v1 PriorityClass": {"value": 1000},
    "coordination.k8s.io/v1 Lease": {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}},
    "discovery.k8s.io/v1 EndpointSlice": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"]}],
        "ports": [{"name": "http", "port": 80}],
    },
    "networking.k8s.io/v1 NetworkPolicy": {
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 80}]}],
        }
    },
    "networking.k8s.io/v1 IngressClass": {"spec": {"controller": "example.com/ingress"}},
    "rbac.authorization.k8s.io/v1 Role": {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    },
    "rbac.authorization.k8s.io/v1 ClusterRole": {
        "rules": [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}]
    },
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding": {
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "User", "name": "u"}],
    },
    "admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration": {
        "webhooks": [
            {
                "name": "a.example.com",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"url": "https://example.com"},
            }
        ]
    },
}


def whole(kind: str) -> Object:
    """Return the good object of a kind with its defaults."""
    api_version, _, name = kind.partition(" ")
    info = KindTable.built_in().find(api_version, name)
    assert info is not None
    metadata = {"name": "one", **({"namespace": "n"} if info.namespaced else {})}
    value = {"apiVersion": api_version, "kind": name, "metadata": metadata, **GOOD[kind]}
    return default(copy.deepcopy(value))
