//! The engines: what is built from Go modules, as a table. A further engine is a
//! folder in `engines/` with `go.mod` and `go.sum`, and one entry here. Those of the
//! node are always built, those of the add-ons only when they are asked for.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::layout::Layout;

/// One Go module and the programs that come out of it.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// Its name, also of its folder in `engines/`.
    pub name: &'static str,
    /// `go.mod` of the wrapping module.
    pub go_mod: &'static str,
    /// `go.sum` of the wrapping module; empty when nothing is imported.
    pub go_sum: &'static str,
    /// `main.go`, unless the programs are packages of other modules.
    pub main_go: Option<&'static str>,
    /// The programs.
    pub programs: &'static [Program],
    /// What else of the modules is needed when they run.
    pub assets: &'static [Asset],
    /// Linker flags besides `-s -w`.
    pub ldflags: &'static str,
    /// Build tags.
    pub tags: &'static str,
    /// Whether it needs a C compiler.
    pub cgo: bool,
    /// Disk that a cold build takes at most, in GB.
    pub disk_gb: u64,
}

/// One program of an engine.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Name of the file.
    pub file: &'static str,
    /// The Go package.
    pub package: &'static str,
    /// Further names under which it is called.
    pub aliases: &'static [&'static str],
}

impl Program {
    const fn new(file: &'static str, package: &'static str) -> Self {
        Self { file, package, aliases: &[] }
    }
}

/// A file or folder of a module that is wanted beside the programs. It is copied when
/// they are built, because the module cache is removed afterwards.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Path of the module, as `go.mod` has it.
    pub module: &'static str,
    /// Where it is in the module.
    pub from: &'static str,
    /// Where it goes in the engine's folder; what goes to `bin` is made executable.
    pub to: &'static str,
}

impl Asset {
    const fn new(module: &'static str, from: &'static str, to: &'static str) -> Self {
        Self { module, from, to }
    }
}

/// Reads `go.mod` and `go.sum` of an engine whose programs are other modules' packages.
macro_rules! tool_module {
    ($name:literal, $programs:expr, $ldflags:expr, $disk_gb:literal) => {
        Engine {
            name: $name,
            go_mod: include_str!(concat!("engines/", $name, "/go.mod")),
            go_sum: include_str!(concat!("engines/", $name, "/go.sum")),
            main_go: None,
            programs: $programs,
            assets: &[],
            ldflags: $ldflags,
            tags: "",
            cgo: false,
            disk_gb: $disk_gb,
        }
    };
}

/// Every engine of the node, in build order.
pub const ENGINES: &[Engine] = &[
    Engine {
        name: "kubernetes",
        go_mod: include_str!("engines/kubernetes/go.mod"),
        go_sum: include_str!("engines/kubernetes/go.sum"),
        main_go: Some(include_str!("engines/kubernetes/main.go")),
        programs: &[Program {
            file: "kube",
            package: ".",
            aliases: &[
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kube-proxy",
                "kubelet",
                "kubectl",
            ],
        }],
        assets: &[],
        // Without a version, clients cannot parse what the API server says of itself.
        ldflags: "-X k8s.io/component-base/version.gitVersion=v1.37.2 \
                  -X k8s.io/component-base/version.gitMajor=1 \
                  -X k8s.io/component-base/version.gitMinor=37",
        tags: "",
        cgo: false,
        disk_gb: 7,
    },
    Engine {
        name: "pause",
        go_mod: include_str!("engines/pause/go.mod"),
        go_sum: "",
        main_go: Some(include_str!("engines/pause/main.go")),
        programs: &[Program::new("pause", ".")],
        assets: &[],
        ldflags: "",
        tags: "",
        cgo: false,
        disk_gb: 1,
    },
    // Not part of a cluster: what GitOps engines make of an object's status, for tests.
    Engine {
        name: "kstatus",
        go_mod: include_str!("engines/kstatus/go.mod"),
        go_sum: include_str!("engines/kstatus/go.sum"),
        main_go: Some(include_str!("engines/kstatus/main.go")),
        programs: &[Program::new("kstatus", ".")],
        assets: &[],
        ldflags: "",
        tags: "",
        cgo: false,
        disk_gb: 1,
    },
    tool_module!("etcd", &[Program::new("etcd", "go.etcd.io/etcd/server/v3")], "", 1),
    tool_module!(
        "containerd",
        &[
            Program::new("containerd", "github.com/containerd/containerd/v2/cmd/containerd"),
            Program::new("containerd-shim-runc-v2", "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"),
            Program::new("ctr", "github.com/containerd/containerd/v2/cmd/ctr"),
        ],
        "-X github.com/containerd/containerd/v2/version.Version=v2.3.7",
        2
    ),
    tool_module!("coredns", &[Program::new("coredns", "github.com/coredns/coredns")], "", 2),
    tool_module!(
        "helm",
        &[Program::new("helm", "helm.sh/helm/v4/cmd/helm")],
        "-X helm.sh/helm/v4/internal/version.version=v4.3.1",
        2
    ),
];

/// Module path of Argo CD.
const ARGOCD: &str = "github.com/argoproj/argo-cd/v3";
/// Module path of Gitea.
const GITEA: &str = "code.gitea.io/gitea";

/// Every engine of the add-ons, in build order.
pub const ADDON_ENGINES: &[Engine] = &[
    // The release has fluxcd/pkg/artifact v0.18.3, which is not served; see its go.mod.
    Engine {
        assets: &[Asset::new("github.com/fluxcd/source-controller", "config/crd/bases", "crds")],
        ..tool_module!(
            "source-controller",
            &[Program::new("source-controller", "github.com/fluxcd/source-controller")],
            "",
            4
        )
    },
    Engine {
        assets: &[Asset::new("github.com/fluxcd/kustomize-controller", "config/crd/bases", "crds")],
        ..tool_module!(
            "kustomize-controller",
            &[Program::new("kustomize-controller", "github.com/fluxcd/kustomize-controller")],
            "",
            3
        )
    },
    // One program; the name under which it is called says which part it plays.
    Engine {
        assets: &[
            Asset::new(ARGOCD, "manifests/crds", "crds"),
            // The repository server runs them for every revision, even with signatures switched off.
            Asset::new(ARGOCD, "hack/git-verify-wrapper.sh", "bin/git-verify-wrapper.sh"),
            Asset::new(ARGOCD, "hack/gpg-wrapper.sh", "bin/gpg-wrapper.sh"),
        ],
        ..tool_module!(
            "argocd",
            &[Program {
                file: "argocd",
                package: "github.com/argoproj/argo-cd/v3/cmd",
                aliases: &["argocd-application-controller", "argocd-repo-server", "argocd-server"],
            }],
            "-X github.com/argoproj/argo-cd/v3/common.version=3.5.3 \
             -X github.com/argoproj/argo-cd/v3/common.gitTag=v3.5.3 \
             -X github.com/argoproj/argo-cd/v3/common.gitTreeState=clean",
            5
        )
    },
    // Its own pages are not in the module: interface and Git only.
    Engine {
        assets: &[
            Asset::new(GITEA, "templates", "static/templates"),
            Asset::new(GITEA, "options", "static/options"),
            Asset::new(GITEA, "public", "static/public"),
        ],
        tags: "sqlite,sqlite_unlock_notify",
        cgo: true,
        ..tool_module!("gitea", &[Program::new("gitea", "code.gitea.io/gitea")], "-X main.Version=1.26.0", 4)
    },
];

/// An engine of the add-ons by its name.
#[must_use]
pub fn of_addon(name: &str) -> &'static Engine {
    ADDON_ENGINES.iter().find(|engine| engine.name == name).expect("add-ons name engines of the table")
}

impl Engine {
    /// Changes with everything that goes into the programs.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let cgo = if self.cgo { "cgo" } else { "" };
        let main_go = self.main_go.unwrap_or_default();
        for part in [self.go_mod, self.go_sum, main_go, self.ldflags, self.tags, cgo] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        for program in self.programs {
            hash.update(format!("{}={};", program.file, program.package));
        }
        for asset in self.assets {
            hash.update(format!("{}:{}={};", asset.module, asset.from, asset.to));
        }
        format!("{:x}", hash.finalize())
    }

    /// The folder that this engine lives in once it is built.
    #[must_use]
    pub fn folder(&self, layout: &Layout) -> PathBuf {
        layout.engines().join(format!("{}-{}", self.name, &self.hash()[..16]))
    }

    /// The folder of its programs.
    #[must_use]
    pub fn bin(&self, layout: &Layout) -> PathBuf {
        self.folder(layout).join("bin")
    }

    /// Whether everything of it is there.
    #[must_use]
    pub fn built(&self, layout: &Layout) -> bool {
        let (folder, bin) = (self.folder(layout), self.bin(layout));
        self.programs.iter().all(|program| bin.join(program.file).is_file())
            && self.assets.iter().all(|asset| folder.join(asset.to).exists())
    }
}

/// One hash over the engines of the node: what a running cluster was made of.
#[must_use]
pub fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for engine in ENGINES {
        hash.update(engine.hash());
    }
    format!("{:x}", hash.finalize())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_hash_changes_with_each_input() {
        let engine = ENGINES[0];
        let mut hashes = BTreeSet::from([engine.hash()]);
        hashes.insert(Engine { go_mod: "module other", ..engine }.hash());
        hashes.insert(Engine { go_sum: "", ..engine }.hash());
        hashes.insert(Engine { main_go: None, ..engine }.hash());
        hashes.insert(Engine { ldflags: "-X a=b", ..engine }.hash());
        hashes.insert(Engine { cgo: true, ..engine }.hash());
        let assets = const { &[Asset::new("m", "a", "b")] };
        hashes.insert(Engine { assets, ..engine }.hash());
        assert_eq!(hashes.len(), 7);
        assert_eq!(engine.hash(), ENGINES[0].hash());
    }

    #[test]
    fn text_cannot_move_from_one_input_to_the_next() {
        let engine = ENGINES[0];
        let left = Engine { go_mod: "ab", go_sum: "c", ..engine };
        let right = Engine { go_mod: "a", go_sum: "bc", ..engine };
        assert_ne!(left.hash(), right.hash());
    }

    #[test]
    fn every_program_has_a_name_of_its_own() {
        let programs: Vec<_> = ENGINES.iter().chain(ADDON_ENGINES).flat_map(|engine| engine.programs).collect();
        let names: Vec<_> = programs.iter().flat_map(|p| p.aliases.iter().chain([&p.file])).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn an_engine_without_its_assets_is_not_built() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        let engine = of_addon("kustomize-controller");
        std::fs::create_dir_all(engine.bin(&layout)).unwrap();
        std::fs::write(engine.bin(&layout).join("kustomize-controller"), "").unwrap();
        assert!(!engine.built(&layout));
        std::fs::create_dir_all(engine.folder(&layout).join("crds")).unwrap();
        assert!(engine.built(&layout));
    }

    #[test]
    fn an_engine_is_built_when_all_its_programs_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        let engine = ENGINES[0];
        assert!(!engine.built(&layout));
        std::fs::create_dir_all(engine.bin(&layout)).unwrap();
        std::fs::write(engine.bin(&layout).join("kube"), "").unwrap();
        assert!(engine.built(&layout));
    }
}
