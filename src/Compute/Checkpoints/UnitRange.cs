using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Parameters;

namespace MoeActors.Compute.Checkpoints;

/// <summary>The part of one parameter that lies in a unit's range.</summary>
/// <param name="Entry">The parameter.</param>
/// <param name="EntryBegin">First element of the parameter in the range.</param>
/// <param name="UnitOffset">Where it lies in the unit's range.</param>
/// <param name="Count">Elements.</param>
public sealed record UnitRange(ParameterEntry Entry, long EntryBegin, long UnitOffset, long Count)
{
    /// <summary>PURE: all parameters' parts in [begin, begin + count) of a layout; padding belongs to none.</summary>
    public static IEnumerable<UnitRange> Of(ParameterLayout layout, long begin, long count)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return ParameterRange.Within(layout.Entries, begin, count).Select(p => new UnitRange(p.Entry, p.Begin, p.Entry.Offset + p.Begin - begin, p.Count));
    }
}
