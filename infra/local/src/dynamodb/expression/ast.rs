//! Expressions as trees.

use std::fmt;

/// One step of a document path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A member of a map (or a top-level attribute).
    Name(String),
    /// An element of a list.
    Index(usize),
}

/// A document path. The first step is a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(pub(crate) Vec<Step>);

impl Path {
    /// The attribute of the item the path starts at.
    pub(crate) fn root(&self) -> &str {
        match self.0.first() {
            Some(Step::Name(name)) => name,
            _ => "",
        }
    }

    /// The attribute, when the path is nothing but one.
    pub(crate) fn attribute(&self) -> Option<&str> {
        (self.0.len() == 1).then(|| self.root())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.0.iter().map(|step| match step {
            Step::Name(name) => name.clone(),
            Step::Index(index) => format!("[{index}]"),
        });
        write!(f, "[{}]", steps.collect::<Vec<_>>().join(", "))
    }
}

/// Something with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    /// What stands at a path.
    Path(Path),
    /// An expression attribute value, by its placeholder.
    Value(String),
    /// The size of what stands at a path.
    Size(Path),
}

/// How two operands are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparator {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Comparator {
    /// As it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// A condition, filter or key condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Any of these.
    Or(Vec<Condition>),
    /// All of these.
    And(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// A comparison.
    Compare(Operand, Comparator, Operand),
    /// `a BETWEEN b AND c`
    Between(Operand, Operand, Operand),
    /// `a IN (b, c)`
    In(Operand, Vec<Operand>),
    /// `attribute_exists(path)`
    Exists(Path),
    /// `attribute_not_exists(path)`
    NotExists(Path),
    /// `attribute_type(path, :type)`
    HasType(Path, String),
    /// `begins_with(a, b)`
    BeginsWith(Operand, Operand),
    /// `contains(a, b)`
    Contains(Operand, Operand),
}

impl Condition {
    /// Whether a path of the condition starts at an attribute.
    pub(crate) fn mentions(&self, attribute: &str) -> bool {
        let is = |path: &Path| path.root() == attribute;
        let reads = |operand: &Operand| match operand {
            Operand::Path(path) | Operand::Size(path) => is(path),
            Operand::Value(_) => false,
        };
        match self {
            Self::Or(members) | Self::And(members) => members.iter().any(|c| c.mentions(attribute)),
            Self::Not(inner) => inner.mentions(attribute),
            Self::Compare(a, _, b) | Self::BeginsWith(a, b) | Self::Contains(a, b) => {
                reads(a) || reads(b)
            }
            Self::Between(a, low, high) => reads(a) || reads(low) || reads(high),
            Self::In(a, members) => reads(a) || members.iter().any(reads),
            Self::Exists(path) | Self::NotExists(path) | Self::HasType(path, _) => is(path),
        }
    }
}

/// A term of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// What stands at a path.
    Path(Path),
    /// An expression attribute value, by its placeholder.
    Value(String),
    /// `if_not_exists(path, term)`
    IfNotExists(Path, Box<Term>),
    /// `list_append(a, b)`
    ListAppend(Box<Term>, Box<Term>),
}

/// The right side of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Assignment {
    /// One term.
    Term(Term),
    /// `a + b`
    Plus(Term, Term),
    /// `a - b`
    Minus(Term, Term),
}

/// An update expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Update {
    /// `SET path = ...`
    pub(crate) set: Vec<(Path, Assignment)>,
    /// `REMOVE path`
    pub(crate) remove: Vec<Path>,
    /// `ADD path :value`
    pub(crate) add: Vec<(Path, String)>,
    /// `DELETE path :value`
    pub(crate) delete: Vec<(Path, String)>,
}

impl Update {
    /// The paths the update writes.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &Path> {
        let set = self.set.iter().map(|(path, _)| path);
        let others = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        set.chain(&self.remove).chain(others)
    }
}
