using CsCheck;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Routing;

public sealed class ChunkPlannerTests
{
    private static readonly Gen<(LogicalLayout Layout, int[] Kept)> Cases =
        from kept in Gen.OneOf(Gen.Int[0, 12], Gen.Int[0, 100]).Array[1, 12]
        from parallel in Gen.Int[1, kept.Length]
        from chunkRows in Gen.Int[1, 40]
        select (new LogicalLayout { Ranks = parallel, ExpertParallel = parallel, ChunkRows = chunkRows }, kept);

    [Fact]
    public void Chunks_tile_the_rows_in_order_of_position_and_index() => Cases.Sample(c =>
    {
        IReadOnlyList<DispatchChunk> chunks = ChunkPlanner.Plan(c.Layout, c.Kept);
        Assert.Equal(chunks.OrderBy(x => (x.Position, x.Index)), chunks);
        int row = 0;
        foreach (DispatchChunk chunk in chunks)
        {
            Assert.Equal(row, chunk.FirstRow);
            Assert.Equal(chunk.Rows, chunk.Segments.Sum(s => s.Rows));
            row += chunk.Rows;
        }

        Assert.Equal(c.Kept.Sum(), row);
        Assert.Equal(c.Kept, Enumerable.Range(0, c.Kept.Length).Select(e => chunks.SelectMany(x => x.Segments).Where(s => s.Expert == e).Sum(s => s.Rows)));
    });

    [Fact]
    public void Every_position_gets_at_least_one_chunk_and_knows_how_many() => Cases.Sample(c =>
    {
        ILookup<int, DispatchChunk> byPosition = ChunkPlanner.Plan(c.Layout, c.Kept).ToLookup(x => x.Position);
        for (int p = 0; p < c.Layout.ExpertParallel; p++)
        {
            DispatchChunk[] own = [.. byPosition[p]];
            Assert.NotEmpty(own);
            Assert.Equal(Enumerable.Range(0, own.Length), own.Select(x => x.Index));
            Assert.All(own, x => Assert.Equal(own.Length, x.Count));
            Assert.True(own.Length == 1 || own.All(x => x.Rows > 0), "only the only chunk may be empty");
            (int first, int count) = c.Layout.ExpertsAt(p, c.Kept.Length);
            Assert.All(own.SelectMany(x => x.Segments), s => Assert.InRange(s.Expert, first, first + count - 1));
        }
    });

    [Fact]
    public void No_chunk_exceeds_the_limit_and_a_split_segment_is_cut_evenly() => Cases.Sample(c =>
    {
        IReadOnlyList<DispatchChunk> chunks = ChunkPlanner.Plan(c.Layout, c.Kept);
        Assert.All(chunks, x => Assert.InRange(x.Rows, 0, c.Layout.ChunkRows));
        for (int e = 0; e < c.Kept.Length; e++)
        {
            DispatchChunk[] holding = [.. chunks.Where(x => x.Segments.Any(s => s.Expert == e))];
            if (c.Kept[e] <= c.Layout.ChunkRows)
            {
                Assert.True(holding.Length <= 1, "a segment that fits is not split");
            }
            else
            {
                Assert.Equal((c.Kept[e] + c.Layout.ChunkRows - 1) / c.Layout.ChunkRows, holding.Length);
                Assert.All(holding, x => Assert.Single(x.Segments));
                Assert.InRange(holding.Max(x => x.Rows) - holding.Min(x => x.Rows), 0, 1);
            }
        }
    });

    [Fact]
    public void Neighbouring_chunks_of_whole_segments_could_not_have_been_one() => Cases.Sample(c =>
    {
        DispatchChunk[] chunks = [.. ChunkPlanner.Plan(c.Layout, c.Kept)];
        foreach ((DispatchChunk a, DispatchChunk b) in chunks.Zip(chunks.Skip(1)).Where(p => p.First.Position == p.Second.Position))
        {
            bool whole = c.Kept[b.Segments[0].Expert] <= c.Layout.ChunkRows && c.Kept[a.Segments[^1].Expert] <= c.Layout.ChunkRows;
            Assert.True(!whole || a.Rows + b.Segments[0].Rows > c.Layout.ChunkRows);
        }
    });
}
