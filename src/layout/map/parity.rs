//! Where the parity of a byte lies, and what a byte of parity protects.

use super::Stripes;
use crate::layout::model::Layout;
use crate::layout::raid::{RaidSet, RaidSets};

/// A data component with its parity: rows, RAID sets and columns against file offsets of both.
///
/// Rows count from the component's start and not from file offset 0 as objects do: an EC stripe
/// of a component that starts elsewhere than on a multiple of its row lies on other objects than
/// its number says, and may span two. So places are file offsets here, of the file for data and of
/// the parity mirror's own space for parity; [`Stripes::locate`] of
/// [`data_stripes`](Self::data_stripes) and [`parity_stripes`](Self::parity_stripes) gives the
/// object.
///
/// ```
/// use lustrine::layout::map::ParityMap;
/// # use lustrine::layout::{spec::Spec, allocate::*, Fid, ObjectId};
/// # let osts: Vec<Ost> = (0..16).map(Ost::new).collect();
/// # let allocator = Allocator { osts: &osts, ..Allocator::default() };
/// # let request = Spec::parse("-E -1 -S 1M -c 8 --ec 4+2")?.request();
/// # let fid = Fid { seq: 0x2_4000_0400, oid: 1, ver: 0 };
/// # let mut next_id = |ost| ObjectId { ost, fid };
/// # let layout = allocator.allocate(&request, &NewFile::default(), &mut next_id)?;
/// // 4+2 over 8 stripes of 1 MiB: two RAID sets. Byte 13 MiB + 5 is in the second row's
/// // second set.
/// let map = ParityMap::of(&layout, 0).expect("component 0 has parity");
/// let unit = map.of_data((13 << 20) + 5).expect("inside the component");
/// assert_eq!((unit.row, unit.set, unit.member, unit.column), (1, 1, 1, 5));
/// // Its parities are units 6 and 7 of the parity mirror.
/// assert_eq!(map.parity_offset(unit.row, unit.set, 0, unit.column), Some((6 << 20) + 5));
/// assert_eq!(map.of_parity((7 << 20) + 5).map(|p| (p.row, p.set, p.member)), Some((1, 1, 1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParityMap {
    start: u64,
    end: u64,
    data: Stripes,
    parity: Stripes,
    sets: RaidSets,
    parities: u32,
}

/// One byte's place in the code: a column of a unit of a RAID set's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodePlace {
    /// The row, from 0 at the component's start.
    pub row: u64,
    /// The RAID set in the row, from 0.
    pub set: u32,
    /// Which data or parity unit of the set, from 0.
    pub member: u32,
    /// The byte in the unit.
    pub column: u64,
}

impl ParityMap {
    /// Of the data component `data`; `None` if it has no parity, the pair is no legal one, or its
    /// stripe count is not known yet.
    pub fn of(layout: &Layout, data: usize) -> Option<ParityMap> {
        let parity = layout.component(layout.parity_of(data)?)?;
        let view = layout.component(data)?;
        let stripes = view.stripes()?;
        let sets = layout.raid_sets(parity.index)?;
        let count = u64::from(sets.count()) * u64::from(parity.parity);
        let fits = count <= stripes.count() && parity.stripes()?.size() == stripes.size();
        Some(ParityMap {
            start: view.extent.start,
            end: view.extent.end,
            data: stripes,
            // Before it has objects a parity component shows a default count.
            parity: Stripes::new(stripes.size(), count).filter(|_| fits)?,
            sets,
            parities: u32::from(parity.parity),
        })
    }

    /// The striping of the data component.
    pub fn data_stripes(&self) -> Stripes {
        self.data
    }

    /// The striping of the parity component.
    pub fn parity_stripes(&self) -> Stripes {
        self.parity
    }

    /// How a row's data stripes form RAID sets.
    pub fn sets(&self) -> RaidSets {
        self.sets
    }

    /// Parity units of each set.
    pub fn parities(&self) -> u32 {
        self.parities
    }

    /// The place of a byte of the file; `None` outside the component.
    pub fn of_data(&self, offset: u64) -> Option<CodePlace> {
        if !(self.start..self.end).contains(&offset) {
            return None;
        }
        let from_start = offset - self.start;
        let row = from_start / self.data.row_bytes();
        let in_row = from_start % self.data.row_bytes();
        // Stripe counts are 16 bits wide.
        let stripe = (in_row / self.data.size()) as u32;
        let RaidSet { index, first, .. } = self.sets.set_of(stripe);
        Some(CodePlace {
            row,
            set: index,
            member: stripe - first,
            column: in_row % self.data.size(),
        })
    }

    /// The file offset of a byte of a data unit, the inverse of [`of_data`](Self::of_data). `None`
    /// if the set has no such unit, or it lies outside the component: of its last row all that is
    /// beyond the end counts as zeros.
    pub fn data_offset(&self, row: u64, set: u32, member: u32, column: u64) -> Option<u64> {
        let set = self.set(set).filter(|set| member < set.data)?;
        let unit = u64::from(set.first + member);
        let offset = self.offset(&self.data, row, unit, column)?;
        (offset < self.end).then_some(offset)
    }

    /// The offset of a byte of a parity unit in the parity mirror's file space. `None` if there is
    /// no such unit: a last row that is cut short by the component's end can leave no room for all
    /// parities, and what would lie behind the end does not exist.
    pub fn parity_offset(&self, row: u64, set: u32, parity: u32, column: u64) -> Option<u64> {
        self.set(set).filter(|_| parity < self.parities)?;
        let unit = u64::from(set) * u64::from(self.parities) + u64::from(parity);
        let first = self.offset(&self.parity, row, unit, 0)?;
        let exists = first.checked_add(self.parity.size())? <= self.end;
        // The row itself must have data.
        let has_row = self.offset(&self.data, row, 0, 0)? < self.end;
        (exists && has_row && column < self.parity.size()).then(|| first + column)
    }

    /// What a byte of the parity mirror belongs to, the inverse of
    /// [`parity_offset`](Self::parity_offset). `None` where there is no parity of this component.
    pub fn of_parity(&self, offset: u64) -> Option<CodePlace> {
        let from_start = offset.checked_sub(self.start)?;
        let row = from_start / self.parity.row_bytes();
        let in_row = from_start % self.parity.row_bytes();
        let unit = (in_row / self.parity.size()) as u32;
        let (set, member) = (unit / self.parities, unit % self.parities);
        let column = in_row % self.parity.size();
        self.parity_offset(row, set, member, column)?;
        Some(CodePlace { row, set, member, column })
    }

    fn set(&self, set: u32) -> Option<RaidSet> {
        (set < self.sets.count()).then(|| self.sets.get(set))
    }

    /// `start + row + unit + column`, if the column is one and it fits.
    fn offset(&self, side: &Stripes, row: u64, unit: u64, column: u64) -> Option<u64> {
        let column = (column < side.size()).then_some(column)?;
        let in_row = unit * side.size() + column;
        row.checked_mul(side.row_bytes())?.checked_add(self.start)?.checked_add(in_row)
    }
}
