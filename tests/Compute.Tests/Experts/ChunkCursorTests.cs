using MoeActors.Compute.Experts;
using MoeActors.Compute.Routing;

namespace MoeActors.Compute.Tests.Experts;

public sealed class ChunkCursorTests
{
    [Fact]
    public void Walks_chunks_then_sources_then_micro_batches()
    {
        int[][] counts = [[2, 1], [1, 3]]; // per micro-batch and source 4, 5
        var visited = new List<(int, int, int)>();
        ChunkCursor at = ChunkCursor.Start(4, 2);
        while (at.Micro < 2)
        {
            visited.Add((at.Micro, at.Source, at.Chunk));
            ChunkCursor after = at.Next(counts[at.Micro][at.Source - 4]);
            Assert.True(after.IsPast(new ChunkKey(at.Micro, at.Source, at.Chunk, 9)));
            Assert.False(after.IsPast(new ChunkKey(after.Micro, after.Source, after.Chunk, 9)));
            at = after;
        }

        Assert.Equal([(0, 4, 0), (0, 4, 1), (0, 5, 0), (1, 4, 0), (1, 5, 0), (1, 5, 1), (1, 5, 2)], visited);
    }
}
