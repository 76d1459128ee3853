using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Checkpointing;

/// <summary>The part of one parameter that lies in a unit's range.</summary>
/// <param name="Entry">The parameter.</param>
/// <param name="EntryBegin">First element of the parameter in the range.</param>
/// <param name="UnitOffset">Where it lies in the unit's range.</param>
/// <param name="Count">Elements.</param>
internal sealed record UnitRange(ParameterEntry Entry, long EntryBegin, long UnitOffset, long Count)
{
    /// <summary>PURE: all parameters' parts in [begin, begin + count) of a layout; padding belongs to none.</summary>
    public static IEnumerable<UnitRange> Of(ParameterLayout layout, long begin, long count)
    {
        foreach (ParameterEntry entry in layout.Entries)
        {
            long from = Math.Max(begin, entry.Offset), to = Math.Min(begin + count, entry.Offset + entry.Count);
            if (from < to)
            {
                yield return new UnitRange(entry, from - entry.Offset, from - begin, to - from);
            }
        }
    }
}
