using System.Collections.Immutable;

using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// PURE: where the parameters of a part lie in its buffers. Large ones of whole pages begin at a page, so that the checkpoint writer can have them written from where they lie; the others follow on lines.
/// </summary>
/// <param name="Offsets">First element in the buffer, by parameter.</param>
/// <param name="Count">Elements of a buffer, gaps included.</param>
internal sealed record SnapshotLayout(ImmutableArray<long> Offsets, long Count)
{
    /// <summary>Elements of a page.</summary>
    public const int Page = 4096 / sizeof(float);

    /// <summary>Elements from which on a page is worth its place.</summary>
    private const int Large = 16 * Page;

    /// <summary>The layout of <paramref name="ranges"/>, at least one.</summary>
    public static SnapshotLayout Of(IReadOnlyList<UnitRange> ranges)
    {
        var offsets = new long[ranges.Count];
        long next = 0;
        foreach (int i in Enumerable.Range(0, ranges.Count).OrderByDescending(i => InPages(ranges[i].Count)))
        {
            offsets[i] = next;
            next += InPages(ranges[i].Count) ? ranges[i].Count : (ranges[i].Count + ParameterLayout.Alignment - 1) / ParameterLayout.Alignment * ParameterLayout.Alignment;
        }

        return new([.. offsets], next);
    }

    private static bool InPages(long count) => count >= Large && count % Page == 0;
}
