//! What is said before a pack comes: what is wanted, and what is held already.

use gix::{
    ObjectId,
    protocol::fetch::{self, Arguments, negotiate, response::Acknowledgement},
};

/// Leaves contents out of a pack.
pub(super) const WITHOUT_CONTENTS: &str = "blob:none";

/// Leaves folders and contents out of a pack.
pub(super) const ONLY_COMMITS: &str = "tree:0";

/// Commits that are offered to a server at once.
pub(super) const MOST_HAVES: usize = 32;

/// One conversation: some objects are wanted, some commits are held.
///
/// The first round names what is held. A server that can tell the difference from there begins with its pack;
/// one that knows some of it is told to go on from that; one that knows none of it is asked, where it can, to
/// leave contents out, so that what is held need not be transferred whatever its history.
pub(super) struct Negotiation {
    wants: Vec<ObjectId>,
    haves: Vec<ObjectId>,
    /// Servers of the old protocols do not say what they know before they are told to begin.
    single_round: bool,
    may_filter: bool,
    /// Left out of the pack from the first round on, where the server can.
    filter: Option<&'static str>,
    /// What the server knows too.
    pub(super) common: Vec<ObjectId>,
    /// Whether the pack came without contents.
    pub(super) is_filtered: bool,
}

impl Negotiation {
    /// These and nothing else.
    pub(super) fn all_of(wants: Vec<ObjectId>) -> Self {
        Self {
            wants,
            haves: Vec::new(),
            single_round: true,
            may_filter: false,
            filter: None,
            common: Vec::new(),
            is_filtered: false,
        }
    }

    /// What `want` has and `haves` have not.
    pub(super) fn beside(want: ObjectId, haves: Vec<ObjectId>, single_round: bool) -> Self {
        Self { haves, single_round, may_filter: !single_round, ..Self::all_of(vec![want]) }
    }

    /// What leads to `want` and not to `haves`, without what `filter` leaves out.
    pub(super) fn history(want: ObjectId, haves: Vec<ObjectId>, filter: Option<&'static str>) -> Self {
        Self { haves, filter, ..Self::all_of(vec![want]) }
    }

    /// Whether the pack's deltas may build on what is held.
    pub(super) fn builds_on_held(&self) -> bool {
        !self.haves.is_empty()
    }

    /// Notes what the server said it knows.
    pub(super) fn note(&mut self, response: &fetch::Response) {
        for known in response.acknowledgements().iter().filter_map(Acknowledgement::id) {
            if self.haves.contains(known) && !self.common.contains(known) {
                self.common.push(*known);
            }
        }
    }

    fn next(&mut self, arguments: &mut Arguments, previous: Option<&fetch::Response>) -> bool {
        let Some(previous) = previous else {
            self.haves.iter().for_each(|id| arguments.have(id));
            if let Some(filter) = self.filter.filter(|_| arguments.can_use_filter()) {
                arguments.filter(filter);
            }
            return self.single_round || self.haves.is_empty();
        };
        self.note(previous);
        self.common.iter().for_each(|id| arguments.have(id));
        if self.common.is_empty() && self.may_filter && arguments.can_use_filter() {
            arguments.filter(WITHOUT_CONTENTS);
            self.is_filtered = true;
        }
        true
    }
}

impl fetch::Negotiate for Negotiation {
    fn mark_complete_and_common_ref(&mut self) -> gix::Result<negotiate::Action> {
        Ok(negotiate::Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _: &[bool]) -> bool {
        self.wants.iter().for_each(|id| arguments.want(id));
        true
    }

    fn one_round(
        &mut self,
        _: &mut negotiate::one_round::State,
        arguments: &mut Arguments,
        previous: Option<&fetch::Response>,
    ) -> gix::Result<(negotiate::Round, bool)> {
        let is_done = self.next(arguments, previous);
        let round = negotiate::Round {
            haves_sent: self.haves.len(),
            in_vain: 0,
            haves_to_send: 0,
            previous_response_had_at_least_one_in_common: !self.common.is_empty(),
        };
        Ok((round, is_done))
    }
}
