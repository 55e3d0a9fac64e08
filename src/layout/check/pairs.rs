//! Rules of EC pairs, and of the objects of all components.

use alloc::vec::Vec;

use super::{Field, Flaw, Look};
use crate::ec::Geometry;
use crate::layout::map::Stripes;
use crate::layout::model::{ComponentFlags, Fid, Pattern};
use crate::layout::raid::RaidSets;
use crate::layout::view::ComponentView;
use crate::layout::xattr;

impl<'a> Look<'a> {
    /// Links, extents, codes, counts and OSTs of data and parity.
    pub(super) fn pairs(&mut self) {
        let views: Vec<ComponentView<'a>> = self.layout.components().collect();
        let mut claimed: Vec<(usize, usize)> = Vec::new();
        for view in &views {
            if view.is_parity() {
                if Geometry::new(view.data.into(), view.parity.into()).is_err() {
                    let flaw = Flaw::Code { data: view.data, parity: view.parity };
                    self.add(view.index, Field::CODE, flaw);
                }
                match self.layout.data_of(view.index) {
                    Some(data) => {
                        match claimed.iter().find(|(of, _)| *of == data) {
                            Some(&(_, other)) => {
                                let (data, other) = (data as u16, other as u16);
                                self.add(view.index, Field::LINK, Flaw::Claimed { data, other });
                            }
                            None => claimed.push((data, view.index)),
                        }
                        self.pair(&views[data], view);
                    }
                    None => self.no_partner(&views, view),
                }
            } else if view.link_id != 0 && self.layout.parity_of(view.index).is_none() {
                self.no_partner(&views, view);
            }
        }
        self.unprotected();
    }

    /// Why a link leads to no partner.
    fn no_partner(&mut self, views: &[ComponentView<'_>], view: &ComponentView<'_>) {
        let link = view.link_id;
        let numbered = view.flags.has(ComponentFlags::LINK_ID);
        let linked = |other: &&ComponentView<'_>| {
            other.index != view.index
                && other.is_parity() != view.is_parity()
                && if numbered { other.link_id == link } else { other.id.mirror() == link }
        };
        let mirror: Vec<&ComponentView<'_>> = views.iter().filter(linked).collect();
        let flaw = match mirror.iter().find(|other| other.extent == view.extent) {
            Some(other) => Flaw::OneWay { partner: other.index as u16, link: other.link_id },
            None if !mirror.is_empty() && link != 0 => Flaw::PairExtent { mirror: link },
            None if view.is_parity() => Flaw::NoData { link },
            None => Flaw::NoParity { link },
        };
        self.add(view.index, Field::LINK, flaw);
    }

    fn pair(&mut self, data: &ComponentView<'_>, parity: &ComponentView<'_>) {
        let codes = [data, parity].map(|view| (view.data, view.parity));
        if codes[0] != codes[1] {
            let flaw = Flaw::PairCode { expected: codes[0], got: codes[1] };
            self.add(parity.index, Field::CODE, flaw);
        }
        let (Some(striping), Some(other)) = (data.striping, parity.striping) else { return };
        let (expected, got) = (striping.stripe_size, other.stripe_size);
        if expected != got {
            self.add(parity.index, Field::SIZE, Flaw::PairStripeSize { expected, got });
        }
        let Some(stripes) = data.stripes() else { return };
        // Stripe counts are 16 bits wide.
        let sets = RaidSets::split(stripes.count() as u32, u32::from(parity.data));
        let expected = sets.count() * u32::from(parity.parity);
        if expected > sets.stripes() {
            let flaw = Flaw::ParityOverData { data: sets.stripes(), parity: expected };
            self.add(parity.index, Field::CODE, flaw);
        }
        let got = u32::from(other.stripe_count);
        if parity.is_init() && expected != got {
            self.add(parity.index, Field::COUNT, Flaw::ParityStripes { expected, got });
        } else if let Some(parities) = parity.stripes()
            && data.objects().is_some()
            && parity.objects().is_some()
        {
            self.shared(data, parity, sets, [stripes, parities]);
        }
    }

    /// Each RAID set of the actual objects: found through file offsets, because a component that
    /// does not start on a row has its sets on shifted objects.
    fn shared(
        &mut self,
        data: &ComponentView<'_>,
        parity: &ComponentView<'_>,
        sets: RaidSets,
        [stripes, parities]: [Stripes; 2],
    ) {
        let start = data.extent.start;
        let p = u64::from(parity.parity);
        // A stripe of the code that does not start on a unit ends in another object.
        let columns: &[u64] =
            if start.is_multiple_of(stripes.size()) { &[0] } else { &[0, stripes.size() - 1] };
        let object = |view: &ComponentView<'_>, stripes: Stripes, position: u64, column: u64| {
            let at = stripes.size().checked_mul(position)?.checked_add(column)?;
            let (stripe, _) = stripes.locate(start.checked_add(at)?);
            view.object(stripe).map(|object| object.ost)
        };
        let mut osts = Vec::new();
        for set in sets.iter() {
            let twice = columns.iter().find_map(|&column| {
                osts.clear();
                let first = u64::from(set.first);
                for position in first..first + u64::from(set.data) {
                    osts.extend(object(data, stripes, position, column));
                }
                let first = u64::from(set.index) * p;
                for position in first..first + p {
                    osts.extend(object(parity, parities, position, column));
                }
                osts.sort_unstable();
                osts.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
            });
            if let Some(ost) = twice {
                let flaw = Flaw::SharedOst { set: set.index, ost };
                self.add(parity.index, Field::COUNT, flaw);
            }
        }
    }

    /// A mirror with parity for some of its components has it for all.
    fn unprotected(&mut self) {
        let layout = self.layout;
        for mirror in layout.mirrors() {
            let data = |&index: &usize| layout.component(index).is_some_and(|c| !c.is_parity());
            let protected = |index: &usize| layout.parity_of(*index).is_some();
            let (with, without): (Vec<usize>, Vec<usize>) =
                mirror.components.filter(data).partition(protected);
            if !with.is_empty() {
                for index in without {
                    self.add(index, Field::CODE, Flaw::Unprotected);
                }
            }
        }
    }

    /// Lost objects, objects named twice, and OSTs that repeat without a word of it.
    pub(super) fn objects(&mut self) {
        let mut named: Vec<(Fid, usize, u32)> = Vec::new();
        for view in self.layout.components() {
            let Some(slots) = view.objects() else { continue };
            let Some(striping) = view.striping else { continue };
            let at = |stripe: u32| Field::Body(xattr::slot_at(striping.kind, stripe as usize));
            let mut osts = Vec::with_capacity(slots.len());
            for (stripe, slot) in (0..).zip(slots) {
                if slot.is_dummy() {
                    self.add(view.index, at(stripe), Flaw::LostObject { stripe });
                } else if let Ok(object) = slot.object_id() {
                    named.push((object.fid, view.index, stripe));
                    osts.push(object.ost);
                }
            }
            // Data with parity is stored as plain raid0 even where OSTs repeat.
            let plain = striping.pattern.kind() == Pattern::RAID0 && view.parity == 0;
            osts.sort_unstable();
            if let Some(pair) = osts.windows(2).find(|pair| plain && pair[0] == pair[1]) {
                self.add(view.index, Field::PATTERN, Flaw::Repeats { ost: pair[0] });
            }
        }
        named.sort_unstable();
        for pair in named.windows(2) {
            let ((fid, component, other), (same, index, stripe)) = (pair[0], pair[1]);
            if fid == same {
                let component = component as u16;
                let Some(striping) = self.layout.component(index).and_then(|c| c.striping) else {
                    continue;
                };
                let at = xattr::slot_at(striping.kind, stripe as usize);
                let flaw = Flaw::SameObject { stripe, component, other };
                self.add(index, Field::Body(at), flaw);
            }
        }
    }
}
