//! The processes at the ends of a connection, as the capture names them.

use serde::Serialize;

use super::phrase::word;
use super::redact::Redactor;
use crate::capture;
use crate::catalog::Language;
use crate::facts;
use crate::side::Side;

/// The processes that the capture names at the ends of a connection.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Processes {
    /// That of the client.
    pub client: Option<Process>,
    /// That of the server.
    pub server: Option<Process>,
    /// One of which the capture does not tell the side: its packets were recorded between two hosts or containers.
    pub unknown: Option<Process>,
}

/// A process.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Process {
    /// The name of its program, without a path; empty if unknown.
    pub name: String,
    /// Its number on its host.
    pub pid: Option<u32>,
    /// The name of its container.
    pub container: Option<String>,
    /// The name of its Kubernetes pod.
    pub pod: Option<String>,
    /// The namespace of that pod.
    pub namespace: Option<String>,
}

impl Processes {
    /// Returns the processes of a connection; `None` if the capture names none.
    pub(super) fn new(facts: Option<&facts::Processes>, redactor: &mut Redactor) -> Option<Box<Self>> {
        let facts::Processes { sides, either } = facts?;
        let mut of = |process: &Option<_>| process.as_deref().map(|process| Process::new(process, redactor));
        Some(Box::new(Self { client: of(&sides.client), server: of(&sides.server), unknown: of(either) }))
    }

    /// Returns an endpoint followed by the short name of its process, if that is known.
    pub fn beside(&self, side: Side, endpoint: &str) -> String {
        let process = if side == Side::Client { &self.client } else { &self.server };
        let name = process.as_ref().map(Process::short).filter(|name| !name.is_empty());
        name.map_or_else(|| endpoint.to_owned(), |name| format!("{endpoint} ({name})"))
    }

    /// Describes them; the text is empty if there are none.
    pub(super) fn in_words(&self, language: Language) -> String {
        let of = |(name, process): (&str, &Option<Process>)| {
            let process = process.as_ref()?.in_words(language);
            Some(word(name, &[("process", &*process)], language))
        };
        let all = [("client_is", &self.client), ("server_is", &self.server), ("one_side_is", &self.unknown)];
        all.into_iter().filter_map(of).collect::<Vec<_>>().join("; ")
    }
}

impl Process {
    fn new(process: &capture::Process, redactor: &mut Redactor) -> Self {
        let capture::Process { name, pid, container, pod, namespace } = process;
        let mut host = |name: &Option<Box<str>>| name.as_deref().map(|name| redactor.host(name));
        let [container, pod, namespace] = [container, pod, namespace].map(&mut host);
        Self { name: redactor.text(name), pid: *pid, container, pod, namespace }
    }

    /// Returns the name under which people know it best: that of its pod, its container, or its program.
    fn short(&self) -> &str {
        self.pod.as_deref().or(self.container.as_deref()).unwrap_or(&self.name)
    }

    /// Describes it, from the program to the pod.
    fn in_words(&self, language: Language) -> String {
        let Self { name, pid, container, pod, namespace } = self;
        let pod = pod.as_ref().map(|pod| match namespace {
            Some(namespace) => format!("{namespace}/{pod}"),
            None => pod.clone(),
        });
        let mut parts: Vec<_> = Some(name.clone()).into_iter().filter(|name| !name.is_empty()).collect();
        parts.extend(pid.map(|pid| format!("PID {pid}")));
        parts.extend(container.as_ref().map(|container| word("in_container", &[("name", &**container)], language)));
        parts.extend(pod.map(|pod| word("in_pod", &[("name", &*pod)], language)));
        parts.join(", ")
    }
}
