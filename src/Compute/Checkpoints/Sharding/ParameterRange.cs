using MoeActors.Compute.Parameters;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>Ranges of neighbouring parameters of one flat group: cut into near-equal aligned parts, and back into pieces of parameters.</summary>
internal static class ParameterRange
{
    /// <summary>
    /// Part <paramref name="index"/> of <paramref name="of"/> of <paramref name="run"/>, parameters that follow each other in their
    /// group. Like <see cref="ParameterLayout.Shard"/>: parts begin at multiples of <see cref="ParameterLayout.Alignment"/>, cover the
    /// run exactly in order, and differ by one block at most; parts beyond the last block are empty.
    /// </summary>
    public static IEnumerable<WeightPiece> Part(IReadOnlyList<ParameterEntry> run, int index, int of)
    {
        const int block = ParameterLayout.Alignment;
        long from = run[0].Offset, blocks = (run[^1].Offset + run[^1].Count - from + block - 1) / block;
        (long each, long extra) = Math.DivRem(blocks, of);
        long begin = from + (((index * each) + Math.Min(index, extra)) * block);
        return Within(run, begin, (each + (index < extra ? 1 : 0)) * block)
            .Select(o => new WeightPiece(o.Entry.Name, o.Begin, o.Count, o.Entry.Layer, o.Entry.Expert));
    }

    /// <summary>The parameters that lie in elements [begin, begin + count) of the flat group, each with its range there; alignment gaps left out.</summary>
    public static IEnumerable<(ParameterEntry Entry, long Begin, long Count)> Within(IReadOnlyList<ParameterEntry> entries, long begin, long count)
    {
        long end = begin + count;
        for (int i = FirstEndingAfter(entries, begin); i < entries.Count && entries[i].Offset < end; i++)
        {
            ParameterEntry e = entries[i];
            long from = Math.Max(e.Offset, begin), length = Math.Min(e.Offset + e.Count, end) - from;
            if (length > 0)
            {
                yield return (e, from - e.Offset, length);
            }
        }
    }

    // Offsets ascend, so the ends do: bisection.
    private static int FirstEndingAfter(IReadOnlyList<ParameterEntry> entries, long begin)
    {
        int low = 0, high = entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = entries[middle].Offset + entries[middle].Count > begin ? (low, middle) : (middle + 1, high);
        }

        return low;
    }
}
