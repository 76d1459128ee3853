using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Routing;

/// <summary>
/// Cuts the rows of a plan, sorted by expert, into messages. Pure and part of the logical layout (DT-1): the cut depends on the
/// rows per expert and the chunk size alone, never on where anything runs.
/// </summary>
public static class ChunkPlanner
{
    /// <summary>
    /// Chunks in canonical order (position, index). Whole expert segments are packed up to <see cref="LogicalLayout.ChunkRows"/>; a larger
    /// segment becomes ⌈n/ChunkRows⌉ near-equal chunks of its own. A position without rows gets one empty chunk, so that it knows that
    /// this source is through.
    /// </summary>
    /// <param name="layout">EP positions and chunk size.</param>
    /// <param name="kept">Rows per expert, [N].</param>
    public static IReadOnlyList<DispatchChunk> Plan(LogicalLayout layout, ReadOnlySpan<int> kept)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var chunks = new List<DispatchChunk>();
        int row = 0;
        for (int position = 0; position < layout.ExpertParallel; position++)
        {
            (int first, int count) = layout.ExpertsAt(position, kept.Length);
            List<List<ExpertSegment>> cuts = Cut(first, kept.Slice(first, count), layout.ChunkRows);
            for (int index = 0; index < cuts.Count; index++)
            {
                int rows = cuts[index].Sum(s => s.Rows);
                chunks.Add(new DispatchChunk(position, index, cuts.Count, row, rows, cuts[index]));
                row += rows;
            }
        }

        return chunks;
    }

    private static List<List<ExpertSegment>> Cut(int first, ReadOnlySpan<int> kept, int chunkRows)
    {
        var cuts = new List<List<ExpertSegment>>();
        var open = new List<ExpertSegment>();
        int openRows = 0;

        void Close()
        {
            if (open.Count > 0)
            {
                cuts.Add(open);
                (open, openRows) = ([], 0);
            }
        }

        for (int e = 0; e < kept.Length; e++)
        {
            int rows = kept[e];
            if (openRows + (long)rows > chunkRows)
            {
                Close();
            }

            if (rows > chunkRows)
            {
                int pieces = (rows + chunkRows - 1) / chunkRows;
                for (int p = 0; p < pieces; p++)
                {
                    cuts.Add([new ExpertSegment(first + e, (rows / pieces) + (p < rows % pieces ? 1 : 0))]);
                }
            }
            else if (rows > 0)
            {
                open.Add(new ExpertSegment(first + e, rows));
                openRows += rows;
            }
        }

        Close();
        if (cuts.Count == 0)
        {
            cuts.Add([]);
        }

        return cuts;
    }
}
