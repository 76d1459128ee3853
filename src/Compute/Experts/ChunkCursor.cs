using MoeActors.Compute.Routing;

namespace MoeActors.Compute.Experts;

/// <summary>
/// The canonical order of chunks at an expert shard: micro-batches, within them the sources of the EP group ascending, within them the chunks (DT-1).
/// Immutable and pure.
/// </summary>
/// <param name="FirstSource">First rank of the EP group.</param>
/// <param name="Sources">Ranks of the EP group.</param>
/// <param name="Micro">Micro-batch of the next chunk.</param>
/// <param name="Source">Source of the next chunk.</param>
/// <param name="Chunk">Ordinal of the next chunk.</param>
internal readonly record struct ChunkCursor(int FirstSource, int Sources, int Micro, int Source, int Chunk)
{
    /// <summary>The first chunk of a step.</summary>
    public static ChunkCursor Start(int firstSource, int sources) => new(firstSource, sources, 0, firstSource, 0);

    /// <summary>Whether <paramref name="key"/> lies before the cursor: its turn is over.</summary>
    public bool IsPast(ChunkKey key) => (key.Micro, key.Source, key.Chunk).CompareTo((Micro, Source, Chunk)) < 0;

    /// <summary>The cursor after the chunk it points at, of which its source sends <paramref name="chunkCount"/>.</summary>
    public ChunkCursor Next(int chunkCount) =>
        Chunk + 1 < chunkCount ? this with { Chunk = Chunk + 1 }
        : Source + 1 < FirstSource + Sources ? this with { Source = Source + 1, Chunk = 0 }
        : this with { Micro = Micro + 1, Source = FirstSource, Chunk = 0 };
}
