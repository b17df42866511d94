//! A basis of the network simplex method: a spanning tree that carries the flow.
//!
//! The nodes are the rows, the columns and a root. Every node but the root has one arc to its parent, and the potentials
//! make all arcs between rows and columns tight. The root ties the components of the plan together: its arcs lead to it,
//! cost nothing and carry nothing, so that potentials of different components may differ by any constant.
//!
//! The tree is *strongly feasible* (Cunningham 1976): an arc without flow points to the root. Of the arcs that could leave,
//! the last on the cycle does, which keeps the tree strongly feasible, and then no sequence of pivots repeats. Children
//! are linked lists: a subtree is moved by following its parents and visited without a stack. Rejected: the
//! threaded order of the textbooks, which visits faster but takes five arrays and a hundred lines to keep.

use super::problem::Problem;
use crate::Real;

/// No node.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
pub(super) struct Node {
    pub(super) parent: u32,
    child: u32,
    next: u32,
    previous: u32,
    depth: u32,
    /// Whether the arc to the parent points there.
    up: bool,
    /// What that arc carries.
    pub(super) flow: i64,
}

pub(super) struct Tree {
    /// Rows, and the number of the first column.
    n: usize,
    pub(super) nodes: Vec<Node>,
    /// Per row and column: `potential[i] + potential[n + j] == cost[i][j]` on every arc of the tree.
    pub(super) potential: Vec<f64>,
}

impl Tree {
    /// A root with nothing below it; `potential` holds a guess for each row and column.
    pub(super) fn new(n: usize, potential: Vec<f64>) -> Self {
        let node = Node { parent: NONE, child: NONE, next: NONE, previous: NONE, depth: 0, up: true, flow: 0 };
        Self { n, nodes: vec![node; potential.len() + 1], potential }
    }

    /// The number of the root.
    pub(super) fn root(&self) -> u32 {
        self.potential.len() as u32
    }

    /// Whether a node is in the tree already.
    pub(super) fn holds(&self, node: u32) -> bool {
        self.nodes[node as usize].parent != NONE
    }

    /// Adds a node under the root, which keeps its potential.
    pub(super) fn add_component(&mut self, node: u32) {
        self.nodes[node as usize].depth = 1;
        self.link(node, self.root());
    }

    /// Adds a row under a column, or a column under a row, with the flow between them and its cost.
    pub(super) fn add(&mut self, node: u32, parent: u32, flow: i64, cost: f64) {
        let depth = self.nodes[parent as usize].depth + 1;
        let added = &mut self.nodes[node as usize];
        (added.up, added.flow, added.depth) = (self.n > node as usize, flow, depth);
        self.potential[node as usize] = cost - self.potential[parent as usize];
        self.link(node, parent);
    }

    fn link(&mut self, node: u32, parent: u32) {
        let sibling = std::mem::replace(&mut self.nodes[parent as usize].child, node);
        let linked = &mut self.nodes[node as usize];
        (linked.parent, linked.next, linked.previous) = (parent, sibling, NONE);
        if sibling != NONE {
            self.nodes[sibling as usize].previous = node;
        }
    }

    fn unlink(&mut self, node: u32) {
        let Node { parent, next, previous, .. } = self.nodes[node as usize];
        if previous == NONE {
            self.nodes[parent as usize].child = next;
        } else {
            self.nodes[previous as usize].next = next;
        }
        if next != NONE {
            self.nodes[next as usize].previous = previous;
        }
    }

    /// Sends as much as possible around the cycle that the arc from row `i` to column `j` closes.
    ///
    /// The arc is not in the tree, carries `flow`, and has the reduced cost `reduced`. Where that is negative, flow is
    /// moved onto it, otherwise off it; the arc that runs empty first is left out of the tree.
    pub(super) fn exchange(&mut self, i: usize, j: usize, flow: i64, reduced: f64) {
        let (row, column) = (i as u32, (self.n + j) as u32);
        let onto = reduced < 0.0;
        // Decreasing arcs point up on the row's side and down on the column's, or the reverse where flow moves off.
        let cycle = self.cycle(row, column, onto, if onto { i64::MAX } else { flow });
        if cycle.amount > 0 {
            self.shift(row, cycle.join, if onto { -cycle.amount } else { cycle.amount });
            self.shift(column, cycle.join, if onto { cycle.amount } else { -cycle.amount });
        }
        if cycle.leaving == NONE {
            return;
        }
        let flow = if onto { flow + cycle.amount } else { flow - cycle.amount };
        let (top, anchor) = if cycle.on_columns_side { (column, row) } else { (row, column) };
        self.reroot(top, cycle.leaving, anchor, flow);
        self.raise(top, reduced);
    }

    /// Walks both ends of an arc up to where they meet, and finds the arc that blocks.
    fn cycle(&self, row: u32, column: u32, onto: bool, most: i64) -> Cycle {
        let (mut p, mut q) = (row, column);
        let mut rows_side = (most, NONE);
        let mut columns_side = (most, NONE);
        while p != q {
            let (here, there) = (self.nodes[p as usize], self.nodes[q as usize]);
            if here.depth >= there.depth {
                if here.up == onto && here.flow < rows_side.0 {
                    rows_side = (here.flow, p);
                }
                p = here.parent;
            }
            if there.depth >= here.depth {
                if there.up != onto && there.flow <= columns_side.0 {
                    columns_side = (there.flow, q);
                }
                q = there.parent;
            }
        }
        let on_columns_side = columns_side.1 != NONE && columns_side.0 <= rows_side.0;
        let (amount, leaving) = if on_columns_side { columns_side } else { rows_side };
        Cycle { join: p, amount, leaving, on_columns_side }
    }

    /// Adds `amount` to the upward arcs from `node` to `join`, and takes it from the downward ones.
    fn shift(&mut self, mut node: u32, join: u32, amount: i64) {
        while node != join {
            let arc = &mut self.nodes[node as usize];
            arc.flow += if arc.up { amount } else { -amount };
            node = arc.parent;
        }
    }

    /// Cuts the subtree below `leaving`, and hangs it by `top`, a node in it, under `anchor` by an arc with `flow`.
    fn reroot(&mut self, top: u32, leaving: u32, anchor: u32, flow: i64) {
        let (mut node, mut parent, mut up, mut flow) = (top, anchor, self.n > top as usize, flow);
        loop {
            let before = self.nodes[node as usize];
            self.unlink(node);
            self.link(node, parent);
            let moved = &mut self.nodes[node as usize];
            (moved.up, moved.flow) = (up, flow);
            if node == leaving {
                return;
            }
            (up, flow) = (!before.up, before.flow);
            (parent, node) = (node, before.parent);
        }
    }

    /// Adds `amount` to the potentials on the side of `top` in its subtree, takes it from the other side, and sets depths.
    fn raise(&mut self, top: u32, amount: f64) {
        let (n, sign) = (self.n, if self.n > top as usize { amount } else { -amount });
        self.visit(top, |node, potential, _| potential[node] += if node < n { sign } else { -sign });
    }

    /// Computes the potentials anew from those of the nodes under the root, free of the rounding of many pivots.
    pub(super) fn refresh<A: Real>(&mut self, problem: &Problem<'_, A>) {
        let (n, root) = (self.n, self.root());
        let mut component = self.nodes[root as usize].child;
        while component != NONE {
            self.visit(component, |node, potential, parent| {
                if parent != root {
                    let (i, j) = arc(n, node, parent as usize);
                    potential[node] = problem.cost(i, j) - potential[parent as usize];
                }
            });
            component = self.nodes[component as usize].next;
        }
    }

    /// Visits a subtree from the top, with the number of each node and of its parent, and sets its depths.
    fn visit(&mut self, top: u32, mut at: impl FnMut(usize, &mut [f64], u32)) {
        let above = self.nodes[top as usize].parent;
        let (mut node, mut depth) = (top, self.nodes[above as usize].depth + 1);
        loop {
            let here = &mut self.nodes[node as usize];
            here.depth = depth;
            let child = here.child;
            at(node as usize, &mut self.potential, here.parent);
            if child != NONE {
                (node, depth) = (child, depth + 1);
                continue;
            }
            loop {
                if node == top {
                    return;
                }
                let done = &self.nodes[node as usize];
                if done.next != NONE {
                    node = done.next;
                    break;
                }
                (node, depth) = (done.parent, depth - 1);
            }
        }
    }

    /// The arcs between rows and columns, as row, column, and flow.
    pub(super) fn arcs(&self) -> impl Iterator<Item = (usize, usize, i64)> {
        let root = self.root();
        let nodes = self.nodes[..self.potential.len()].iter().enumerate().filter(move |(_, node)| node.parent != root);
        nodes.map(|(index, node)| {
            let (i, j) = arc(self.n, index, node.parent as usize);
            (i, j, node.flow)
        })
    }

    /// The arcs that carry flow.
    pub(super) fn flows(&self) -> impl Iterator<Item = (usize, usize, i64)> {
        self.arcs().filter(|(_, _, flow)| *flow > 0)
    }
}

/// What an entering arc closes.
struct Cycle {
    /// The node where the two sides meet.
    join: u32,
    /// How much can move.
    amount: i64,
    /// The node whose arc runs empty, or [`NONE`] where the entering arc itself does.
    leaving: u32,
    on_columns_side: bool,
}

/// The row and the column between two nodes.
fn arc(n: usize, node: usize, other: usize) -> (usize, usize) {
    if node < n { (node, other - n) } else { (other, node - n) }
}
