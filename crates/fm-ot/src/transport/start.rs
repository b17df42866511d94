//! From any flow to a tree.
//!
//! The auction ends with a flow that is feasible and close to optimal, but whose support has cycles. Its largest entries
//! make a forest; each of the others is moved around the cycle that it closes until one of the two runs empty, in
//! the direction that does not cost more. Rejected: to keep only the potentials and to begin with a greedy flow, which
//! takes ten times as many pivots to mend.

use super::auction::Draft;
use super::problem::Problem;
use super::tree::{NONE, Tree};
use crate::Real;

/// Mass on a pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub(super) row: u32,
    pub(super) column: u32,
    pub(super) amount: i64,
}

/// Places what the auction left over, on the cheapest pairs that are open, and on forbidden ones where nothing else is.
pub(super) fn complete<A: Real>(problem: &Problem<'_, A>, draft: &mut Draft) {
    let Draft { flows, left, room, potential, .. } = draft;
    let mut open: Vec<usize> = (0..problem.m).filter(|&j| room[j] > 0).collect();
    for allowed in [true, false] {
        for (i, left) in left.iter_mut().enumerate() {
            while *left > 0 {
                let reduced = |j: usize| problem.cost(i, j) - potential[j];
                let choices = open.iter().enumerate().filter(|(_, j)| !allowed || !problem.is_forbidden(i, **j));
                let Some((at, &j)) = choices.min_by(|(_, j), (_, k)| reduced(**j).total_cmp(&reduced(**k))) else {
                    break;
                };
                let amount = room[j].min(*left);
                flows.push(Flow { row: i as u32, column: j as u32, amount });
                *left -= amount;
                room[j] -= amount;
                if room[j] == 0 {
                    open.swap_remove(at);
                }
            }
        }
    }
}

/// Potentials of all rows and columns, from those of the columns; makes up those of columns that want nothing.
pub(super) fn potentials<A: Real>(problem: &Problem<'_, A>, target: &mut [f64]) -> Vec<f64> {
    let mut potential = problem.source_potentials(target);
    let idle: Vec<usize> = (0..problem.m).filter(|&j| problem.masses.demand[j] == 0).collect();
    for &j in &idle {
        let reduced = (0..problem.n).map(|i| problem.row(i)[j].widen() - potential[i]);
        let least = reduced.fold(f64::INFINITY, f64::min);
        target[j] = if least < f64::INFINITY { least } else { 0.0 };
    }
    potential.extend_from_slice(target);
    potential
}

/// A strongly feasible tree with the given flows, or with flows that cost no more where they contain cycles.
pub(super) fn tree<A: Real>(problem: &Problem<'_, A>, mut flows: Vec<Flow>, potential: &[f64]) -> Tree {
    flows.sort_unstable_by_key(|f| (std::cmp::Reverse(f.amount), f.row, f.column));
    let mut sets = Sets::new(problem.n + problem.m);
    let (forest, rest): (Vec<Flow>, Vec<Flow>) =
        flows.into_iter().partition(|f| sets.join(f.row, problem.n as u32 + f.column));
    let mut tree = span(problem, &forest, potential);
    if rest.is_empty() {
        return tree;
    }
    for Flow { row, column, amount } in rest {
        let (i, j) = (row as usize, column as usize);
        let reduced = problem.cost(i, j) - tree.potential[i] - tree.potential[problem.n + j];
        tree.exchange(i, j, amount, reduced);
    }
    // An exchange may have left arcs without flow that point down; without them the tree is strongly feasible again.
    let flows = tree.flows().map(|(i, j, amount)| Flow { row: i as u32, column: j as u32, amount });
    let forest: Vec<Flow> = flows.collect();
    span(problem, &forest, potential)
}

/// The tree of a forest: each component hangs from the root by its first node, which keeps its potential.
fn span<A: Real>(problem: &Problem<'_, A>, forest: &[Flow], potential: &[f64]) -> Tree {
    let (n, nodes) = (problem.n, problem.n + problem.m);
    let mut first = vec![NONE; nodes];
    let mut arcs: Vec<(u32, Flow)> = Vec::with_capacity(2 * forest.len());
    for &flow in forest {
        for node in [flow.row as usize, n + flow.column as usize] {
            arcs.push((std::mem::replace(&mut first[node], arcs.len() as u32), flow));
        }
    }
    let mut tree = Tree::new(n, potential.to_vec());
    let mut reached = Vec::new();
    for top in 0..nodes as u32 {
        if tree.holds(top) {
            continue;
        }
        tree.add_component(top);
        reached.push(top);
        while let Some(node) = reached.pop() {
            let mut next = first[node as usize];
            while next != NONE {
                let (following, Flow { row, column, amount }) = arcs[next as usize];
                let other = if (node as usize) < n { n as u32 + column } else { row };
                if !tree.holds(other) {
                    tree.add(other, node, amount, problem.cost(row as usize, column as usize));
                    reached.push(other);
                }
                next = following;
            }
        }
    }
    tree
}

/// Disjoint sets of nodes.
struct Sets {
    parent: Vec<u32>,
}

impl Sets {
    fn new(nodes: usize) -> Self {
        Self { parent: (0..nodes as u32).collect() }
    }

    fn find(&mut self, mut node: u32) -> u32 {
        while self.parent[node as usize] != node {
            let above = self.parent[self.parent[node as usize] as usize];
            self.parent[node as usize] = above;
            node = above;
        }
        node
    }

    /// Joins the sets of two nodes; whether they were apart.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a as usize] = b;
        a != b
    }
}
