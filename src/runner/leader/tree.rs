//! The plan's steps and blocks as one tree, so that whoever walks it need not
//! know which of the two a node is until a process is to be started.

use std::time::Duration;

use assay_protocol::{Block, Condition, Instruction, PlanDocument, RetryRule, Section};

/// A node of the tree. Blocks come before steps, each in the order of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(usize);

impl Id {
    /// Position in lists that have an entry for every node.
    pub(super) fn position(self) -> usize {
        self.0
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A step, run by a container of this group.
    Step {
        /// The group.
        group: u16,
    },
    /// A list of nodes that is judged as one.
    Block,
}

/// A step or a block, by what they have in common.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// The step itself, or the first step of the block.
    pub(super) step: u16,
    /// Handle.
    pub(super) id: String,
    /// The names of all blocks around it and its own: `build › unit tests`.
    pub(super) path: String,
    pub(super) section: Section,
    pub(super) parent: Option<Id>,
    pub(super) children: Vec<Id>,
    pub(super) condition: Condition,
    pub(super) retry: RetryRule,
    pub(super) timeout: Option<Duration>,
    pub(super) optional: bool,
    pub(super) negative: bool,
    pub(super) delay: Duration,
    pub(super) paused: bool,
}

/// All of a plan.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    steps: Vec<Instruction>,
    nodes: Vec<Node>,
    roots: Vec<Id>,
    blocks: usize,
}

impl Tree {
    pub(super) fn new(plan: &PlanDocument) -> Self {
        let blocks = plan.blocks.len();
        let nodes = plan.blocks.iter().map(of_block).chain(plan.steps.iter().map(of_step)).collect();
        let mut tree = Self { steps: plan.steps.clone(), nodes, roots: Vec::new(), blocks };
        for (position, block) in plan.blocks.iter().enumerate() {
            // A block stands after the one that holds it; anything else would be no tree.
            let parent = block.parent.map(usize::from).filter(|parent| *parent < position);
            tree.nodes[position].parent = parent.map(Id);
        }
        for (position, step) in plan.steps.iter().enumerate() {
            let parent = step.block.map(usize::from).filter(|parent| *parent < blocks);
            tree.nodes[blocks + position].parent = parent.map(Id);
        }
        tree.find_first_steps();
        tree.hang_children();
        tree.name_paths();
        tree
    }

    fn find_first_steps(&mut self) {
        for position in self.blocks..self.nodes.len() {
            let step = self.nodes[position].step;
            let mut at = self.nodes[position].parent;
            while let Some(Id(block)) = at {
                self.nodes[block].step = self.nodes[block].step.min(step);
                at = self.nodes[block].parent;
            }
        }
    }

    fn hang_children(&mut self) {
        let mut order: Vec<Id> = (0..self.nodes.len()).map(Id).collect();
        order.sort_by_key(|Id(position)| self.nodes[*position].step);
        for id in order {
            match self.nodes[id.0].parent {
                Some(Id(parent)) => self.nodes[parent].children.push(id),
                None => self.roots.push(id),
            }
        }
    }

    /// Parents stand before their children in the list of nodes.
    fn name_paths(&mut self) {
        for position in 0..self.nodes.len() {
            let Some(Id(parent)) = self.nodes[position].parent else { continue };
            let around = self.nodes[parent].path.clone();
            let own = &mut self.nodes[position].path;
            // A block and its own command often have one name.
            let repeats = around.rsplit(" › ").next() == Some(own.as_str());
            *own = if repeats { around } else { format!("{around} › {own}") };
        }
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }

    /// The nodes of a block, or those that no block holds.
    pub(super) fn children(&self, block: Option<Id>) -> &[Id] {
        block.map_or(&self.roots, |Id(block)| &self.nodes[block].children)
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn steps(&self) -> &[Instruction] {
        &self.steps
    }

    /// The node of a step of the plan.
    pub(super) fn of_step(&self, step: u16) -> Id {
        Id(self.blocks + usize::from(step))
    }

    /// The node of a block of the plan.
    pub(super) fn of_block(&self, block: usize) -> Id {
        Id(block)
    }

    /// The step of a node; `None` for a block.
    pub(super) fn step(&self, id: Id) -> Option<&Instruction> {
        self.steps.get(id.0.checked_sub(self.blocks)?)
    }

    /// All nodes below a node, in order.
    pub(super) fn below(&self, id: Id) -> Vec<Id> {
        let mut found = Vec::new();
        for child in &self.nodes[id.0].children {
            found.push(*child);
            found.extend(self.below(*child));
        }
        found
    }

    /// The blocks around a node, innermost first.
    pub(super) fn around(&self, id: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(self.nodes[id.0].parent, |block| self.nodes[block.0].parent)
    }

    /// Nodes with this handle: those that stand in the workflow before those made for them.
    pub(super) fn with_handle(&self, handle: &str) -> impl Iterator<Item = Id> {
        (0..self.nodes.len()).map(Id).filter(move |id| self.nodes[id.0].id == handle)
    }
}

fn of_block(block: &Block) -> Node {
    Node {
        kind: Kind::Block,
        step: u16::MAX,
        id: block.id.clone(),
        path: block.name.clone(),
        section: block.section,
        parent: None,
        children: Vec::new(),
        condition: block.condition.clone(),
        retry: block.retry.clone(),
        timeout: block.timeout_ms.map(Duration::from_millis),
        optional: block.optional,
        negative: block.negative,
        delay: Duration::from_millis(block.delay_ms),
        paused: block.paused,
    }
}

fn of_step(step: &Instruction) -> Node {
    Node {
        kind: Kind::Step { group: step.group },
        step: step.index,
        id: step.id.clone(),
        path: step.name.clone(),
        section: step.section,
        parent: None,
        children: Vec::new(),
        condition: step.condition.clone(),
        retry: step.retry.clone(),
        timeout: step.timeout_ms.map(Duration::from_millis),
        optional: step.optional,
        negative: step.negative,
        delay: Duration::from_millis(step.delay_ms),
        paused: step.paused,
    }
}
