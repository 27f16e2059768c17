//! `whyclosed fleet`: puts together what the work items of an archive have seen, and writes the report.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use whyclosed::analyzer::Analyzer;
use whyclosed::archive::{Assembly, Envelope};
use whyclosed::error::Error;
#[cfg(feature = "arrow")]
use whyclosed::render;
use whyclosed::report::{Collected, Collection, Material, Pending, Within, redact};

use super::conclude;
use crate::exit;
use crate::keys::KeyArgs;
use crate::output;
use crate::owning::Period;
use crate::reporting::Reporting;
use crate::sandbox::Allowed;
use crate::tables::TableArgs;

/// Report on the connections of an archive from what several runs have seen of them (`whyclosed --owns … --members`).
///
/// Parts of a connection are put together, and the rules are applied to all connections of the sensor that are given.
#[derive(Clone, Debug, Args)]
pub struct Fleet {
    /// Files with members, as Arrow streams; standard input without any.
    ///
    /// The row of each item on its files has to come before its others, unless files are given.
    #[arg(value_name = "MEMBERS")]
    inputs: Vec<PathBuf>,

    /// Report only connections whose last packet is in this period, FROM..TO, written as in `whyclosed --owns`; the others
    /// only inform the rules.
    #[arg(long, value_name = "FROM..TO")]
    owns: Option<Period>,

    #[command(flatten)]
    keys: KeyArgs,

    /// Name of the sensor, if the members do not have it.
    #[arg(long, value_name = "NAME")]
    sensor: Option<String>,

    #[command(flatten)]
    reporting: Reporting,
}

impl Fleet {
    /// Reads the members, and writes the report.
    pub fn run(&mut self) -> Result<exit::Code, Error> {
        self.reporting.tables = TableArgs::of_sensor(self.sensor.clone());
        output::check_format(&self.reporting)?;
        let others = [self.keys.files(), &self.reporting.texts.files()?].concat();
        output::check((&self.inputs, false), &others, &[self.reporting.output()])?;
        let registries = self.reporting.texts.registries(None)?;
        let collection = Collection::prepared(redact::Secrets::new(self.reporting.privacy()));
        let mut analyzer = Analyzer::default();
        analyzer.name(self.reporting.wss.clone());
        self.keys.open()?.read_to_end(&mut analyzer, &mut Collection::default())?;
        self.reporting.enter_sandbox(Allowed::default().files(&self.inputs));
        let mut assembly = Assembly::new(analyzer, collection);
        for path in &self.inputs {
            read(path, &mut |sensor, envelope| {
                assembly.cover(sensor, envelope);
                Ok(())
            })?;
        }
        let mut add = |sensor: Option<&str>, envelope: Envelope| {
            if self.inputs.is_empty() {
                assembly.cover(sensor, envelope.clone());
            }
            assembly.add(sensor, envelope).map_err(|error| error.to_string())
        };
        match &*self.inputs {
            [] => members(Path::new("standard input"), &mut io::stdin().lock(), &mut add)?,
            paths => paths.iter().try_for_each(|path| read(path, &mut add))?,
        }
        match &*assembly.sensors() {
            [] => {}
            [one] => self.reporting.tables.sensor = one.clone().or_else(|| self.sensor.clone()),
            several => return Err(Error::SeveralSensors { count: several.len() }),
        }
        let (collection, captures) = assembly.finish();
        let Collected { facts, secrets, outside, unanswered } = collection.finish();
        let Period { from, to } = self.owns.unwrap_or_default();
        let material = Material {
            captures,
            facts,
            secrets: Some(secrets),
            outside,
            unanswered,
            within: Within { from, to },
            privacy: self.reporting.privacy(),
            registries,
            ..Material::default()
        };
        conclude(&self.reporting, Pending::new(material, self.reporting.texts.language()), Vec::new())
    }
}

/// What is done with each member; an error says why it cannot be.
type Take<'t> = dyn FnMut(Option<&str>, Envelope) -> Result<(), String> + 't;

/// Reads the members in a file.
fn read(path: &Path, take: &mut Take<'_>) -> Result<(), Error> {
    let file = File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    members(path, &mut BufReader::new(file), take)
}

/// Reads members.
#[cfg(feature = "arrow")]
fn members(path: &Path, input: &mut dyn Read, take: &mut Take<'_>) -> Result<(), Error> {
    let mut row = 0_u64;
    let read = render::arrow::read_members(input, |(sensor, facts)| {
        row += 1;
        let envelope = Envelope::decode(facts).map_err(|error| error.to_string());
        envelope.and_then(|envelope| take(sensor, envelope)).map_err(Unread)
    });
    read.map_err(|Unread(reason)| Error::Members { path: path.to_owned(), row, reason })
}

/// Fails: such files cannot be read without Arrow.
#[cfg(not(feature = "arrow"))]
fn members(_: &Path, _: &mut dyn Read, _: &mut Take<'_>) -> Result<(), Error> {
    Err(Error::WithoutArrow)
}

/// The reason why members cannot be read.
#[cfg(feature = "arrow")]
struct Unread(String);

#[cfg(feature = "arrow")]
impl From<arrow_schema::ArrowError> for Unread {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self(error.to_string())
    }
}
