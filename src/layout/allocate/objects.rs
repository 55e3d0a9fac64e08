//! OSTs for one component, of a new file or of one that is there.

use alloc::vec::Vec;

use super::place::{Picker, Random, Row};
use super::*;
use crate::layout::model::{ComponentFlags, Slot, StripingKind};
use crate::layout::raid::RaidSets;
use crate::layout::view::MAX_OST;

/// A component that wants objects.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) component: usize,
    pub(super) striping: &'a Striping,
    pub(super) extent: Extent,
    pub(super) shape: &'a Shape,
    /// The stored k and p.
    pub(super) code: Option<(u8, u8)>,
    /// Domains that other mirrors use.
    pub(super) avoided: &'a [u64],
}

impl<'a> Wanted<'a> {
    pub(super) fn new(
        component: usize,
        striping: &'a Striping,
        extent: Extent,
        shape: &'a Shape,
    ) -> Wanted<'a> {
        Wanted { component, striping, extent, shape, code: None, avoided: &[] }
    }

    /// The OSTs that were asked for one by one.
    fn listed(&self) -> Option<&'a [Slot]> {
        let slots = self.striping.slots.as_slice();
        let count = usize::from(self.shape.stripe_count);
        let asked = match self.striping.kind {
            StripingKind::Specific => !slots.is_empty(),
            // As stored: the spare slot of a component without a list names no OST.
            _ => slots.len() == count && slots.first().is_some_and(|slot| slot.ost <= MAX_OST),
        };
        asked.then(|| slots.get(..count).unwrap_or(slots))
    }

    fn skewed(&self) -> bool {
        !self.extent.start.is_multiple_of(u64::from(self.shape.stripe_size))
    }
}

/// The OSTs of a component's pool.
struct Candidates {
    places: Vec<Place>,
    /// Weights, if free space decides.
    weights: Option<(Vec<u64>, Random)>,
}

impl Candidates {
    fn picker<'a>(&'a self, next: usize, avoided: &'a [u64]) -> Picker<'a> {
        let weights = self.weights.as_ref().map(|(weights, random)| (weights.as_slice(), *random));
        Picker::new(&self.places, next, weights, avoided)
    }

    fn len(&self) -> u32 {
        self.places.len() as u32
    }

    fn domains(&self) -> u32 {
        let mut domains: Vec<u64> = self.places.iter().map(|place| place.domain).collect();
        domains.sort_unstable();
        domains.dedup();
        domains.len() as u32
    }

    fn position(&self, ost: u32) -> Option<usize> {
        self.places.iter().position(|place| place.ost == ost)
    }
}

impl Allocator<'_> {
    /// Gives a component of a file its objects, as the first write to its bytes or a resync does.
    /// Flags other than INIT, and the generation, are the caller's business.
    ///
    /// # Errors
    /// [`AllocateError`] as for [`allocate`](Self::allocate); also if there is nothing to do
    /// ([`AllocateError::Instantiated`]), or parity comes before its data.
    pub fn instantiate(
        &self,
        layout: &mut Layout,
        component: usize,
        next_id: &mut dyn FnMut(u32) -> ObjectId,
    ) -> Result<(), AllocateError> {
        self.check_osts()?;
        let unsupported = |what| AllocateError::Unsupported { component, what };
        let done = AllocateError::Instantiated { component };
        let view = layout.component(component).ok_or(unsupported("no such component"))?;
        let striping = view.striping.ok_or(unsupported("a foreign component"))?;
        if view.is_init() || !matches!(layout, Layout::Composite(_)) {
            return Err(done);
        }
        let shape = shape(self.defaults, component, striping, view.extent, view.flags.0)?;
        if view.flags.has(ComponentFlags::EXTENSION) || shape.stripe_count == 0 {
            return Err(unsupported("extension space"));
        }
        let rows: Vec<Vec<Place>> = layout.components().map(|view| self.row(&view)).collect();
        let avoided = avoided(layout, &rows, component);
        let coded = view.parity > 0 && (view.is_parity() || layout.parity_of(component).is_some());
        let code = coded.then_some((view.data, view.parity));
        let wanted = Wanted {
            code,
            avoided: &avoided,
            ..Wanted::new(component, striping, view.extent, &shape)
        };
        let mut next = self.first;
        let row = if view.is_parity() {
            let data = layout.data_of(component).and_then(|data| rows.get(data));
            let data = data.filter(|data| !data.is_empty());
            let data = data.ok_or(AllocateError::Unpaired { component })?;
            self.parity_places(&wanted, data, &mut next)?
        } else {
            self.data_places(&wanted, &mut next)?
        };
        let osts = turned(&row, coded, view.extent, &shape);
        let Layout::Composite(composite) = layout else { return Err(done) };
        let entry = composite.components.get_mut(component).ok_or(done)?;
        let Body::Striping(striping) = &entry.body else {
            return Err(unsupported("a foreign component"));
        };
        let oi = striping.oi;
        let file = NewFile::default();
        let mut new = store_component(entry, striping, &shape, &file, Some(&osts), next_id)?;
        new.oi = oi;
        entry.body = Body::Striping(new);
        entry.flags.0 |= ComponentFlags::INIT;
        Ok(())
    }

    /// The places of a component that has objects, by position in a row.
    fn row(&self, view: &super::super::ComponentView<'_>) -> Vec<Place> {
        let (Some(slots), Some(striping)) = (view.objects(), view.striping) else {
            return Vec::new();
        };
        let domain = |ost: u32| {
            let known = self.osts.iter().find(|other| other.index == ost);
            known.map_or(u64::from(ost), domain)
        };
        let mut row: Vec<Place> =
            slots.iter().map(|slot| Place { ost: slot.ost, domain: domain(slot.ost) }).collect();
        if view.parity > 0 {
            let shape =
                Shape { stripe_size: striping.stripe_size, stripe_count: striping.stripe_count };
            row.rotate_left(first_stripe(view.extent, &shape, slots.len()));
        }
        row
    }

    /// The OSTs of the component's pool.
    fn candidates(&self, wanted: &Wanted<'_>) -> Result<Candidates, AllocateError> {
        let component = wanted.component;
        let name = pool_wanted(&wanted.striping.pool);
        let member =
            |ost: &&Ost| name.is_empty() || ost.pools.iter().any(|pool| pool.as_bytes() == name);
        let osts: Vec<&Ost> = self.osts.iter().filter(member).collect();
        if osts.is_empty() {
            return Err(match name.is_empty() {
                false => AllocateError::NoPool { component },
                true => AllocateError::TooFewOsts { component, needed: 1, available: 0 },
            });
        }
        let most = osts.iter().map(|ost| ost.free).max().unwrap_or(0);
        let least = osts.iter().map(|ost| ost.free).min().unwrap_or(0);
        let weights = match self.choice {
            Choice::ByFreeSpace { seed, threshold }
                if u128::from(most - least) * 100 > u128::from(most) * u128::from(threshold) =>
            {
                let excess = (64 - most.leading_zeros()).saturating_sub(32);
                let weights = osts.iter().map(|ost| ost.free >> excess).collect();
                let turn = (component as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
                Some((weights, Random(seed ^ turn)))
            }
            Choice::ByFreeSpace { .. } | Choice::RoundRobin => None,
        };
        let place = |ost: &&Ost| Place { ost: ost.index, domain: domain(ost) };
        Ok(Candidates { places: osts.iter().map(place).collect(), weights })
    }

    /// Places of a data component's stripes, by position in a row.
    pub(super) fn data_places(
        &self,
        wanted: &Wanted<'_>,
        next: &mut usize,
    ) -> Result<Vec<Place>, AllocateError> {
        let Wanted { component, striping, extent, shape, code, .. } = *wanted;
        let candidates = self.candidates(wanted)?;
        let available = candidates.len();
        let no_ost = |index| AllocateError::NoOst { component, index };
        let too_few = |needed| AllocateError::TooFewOsts { component, needed, available };
        let apart = |members: u32| match candidates.domains() {
            domains if domains < members && domains < available => {
                Err(AllocateError::TooFewDomains { component, needed: members, domains })
            }
            domains if domains < members => Err(too_few(members)),
            _ => Ok(()),
        };
        if let Some(slots) = wanted.listed() {
            let mut listed = Vec::with_capacity(slots.len());
            for slot in slots {
                let at = candidates.position(slot.ost).ok_or_else(|| no_ost(slot.ost))?;
                listed.push(candidates.places[at]);
            }
            if let Some((k, p)) = code {
                let turn = first_stripe(extent, shape, listed.len());
                listed.rotate_left(turn);
                let sets = RaidSets::split(listed.len() as u32, u32::from(k));
                if let Some((set, index)) = shared(sets, &listed) {
                    return Err(AllocateError::SharedOst { component, set, index });
                }
                apart(sets.largest() + u32::from(p))?;
            }
            return Ok(listed);
        }
        let over = striping.pattern.has(super::super::Pattern::OVERSTRIPING);
        let mut count = match shape.stripe_count {
            wide @ WIDE.. if over => u32::from(wide.wrapping_neg()) * available,
            WIDE.. => available,
            count if over || code.is_some() => u32::from(count),
            count => u32::from(count).min(available),
        };
        if count > MAX_STRIPES {
            return Err(AllocateError::TooManyStripes { component, stripes: count });
        }
        if let Some((k, p)) = code {
            let parity = u32::from(p);
            // Lustre shrinks to the OSTs found if they are three quarters of those asked for. By
            // free space it leaves OSTs for the parity.
            let by_space = candidates.weights.is_some() && available < count + parity;
            if by_space && !over && available * 4 >= count * 3 + parity * 4 {
                count = available - parity;
            } else if count > available && !over {
                if available * 4 < count * 3 {
                    return Err(too_few((count * 3).div_ceil(4)));
                }
                count = available;
            }
            apart(RaidSets::split(count, u32::from(k)).largest() + parity)?;
        }
        let mut from = *next;
        if striping.gen_or_offset != 0xffff {
            let index = u32::from(striping.gen_or_offset);
            let at = candidates.position(index).ok_or_else(|| no_ost(index))?;
            // The index is stripe 0's. In a row of the code that need not be position 0.
            let stripes = count as usize;
            let before = match code {
                Some(_) => (stripes - first_stripe(extent, shape, stripes)) % stripes.max(1),
                None => 0,
            };
            from = at + available as usize - before % available as usize;
        }
        let started = striping.gen_or_offset != 0xffff;
        // Where the first OST is given, the others follow it in turn.
        let mut picker = candidates.picker(from, if started { &[] } else { wanted.avoided });
        if started {
            picker.weights = None;
        }
        let chosen =
            match code {
                Some((k, _)) => {
                    let sets = RaidSets::split(count, u32::from(k));
                    let needed = sets.largest();
                    let domains = candidates.domains();
                    picker
                        .data(sets, !over, wanted.skewed())
                        .ok_or(AllocateError::TooFewDomains { component, needed, domains })?
                }
                None => picker.stripes(count),
            };
        *next = picker.next;
        Ok(chosen)
    }

    /// Places of a parity component's stripes, by position in a row, given those of its data.
    pub(super) fn parity_places(
        &self,
        wanted: &Wanted<'_>,
        data: &[Place],
        next: &mut usize,
    ) -> Result<Vec<Place>, AllocateError> {
        let component = wanted.component;
        let (k, p) = wanted.code.ok_or(AllocateError::Unpaired { component })?;
        let candidates = self.candidates(wanted)?;
        let sets = RaidSets::split(data.len() as u32, u32::from(k));
        let parity = u32::from(p);
        let mut picker = candidates.picker(*next, wanted.avoided);
        let chosen = picker.parity(&Row { sets, parity, data, skewed: wanted.skewed() });
        *next = picker.next;
        let needed = sets.largest() + parity;
        chosen.ok_or_else(|| match candidates.domains() {
            domains if domains < candidates.len() => {
                AllocateError::TooFewDomains { component, needed, domains }
            }
            available => AllocateError::TooFewOsts { component, needed, available },
        })
    }
}

/// What an OST fails together with, as one number for all OSTs.
fn domain(ost: &Ost) -> u64 {
    match ost.domain {
        0 => u64::from(ost.index),
        domain => 1 << 32 | u64::from(domain),
    }
}
