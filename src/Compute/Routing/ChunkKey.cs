namespace MoeActors.Compute.Routing;

/// <summary>Names one chunk at its expert shard within a step; the canonical order of sums is (Micro, Source, Chunk) (DT-1).</summary>
/// <param name="Micro">Micro-batch.</param>
/// <param name="Source">Logical rank the tokens come from.</param>
/// <param name="Chunk">Ordinal among the source's chunks for this shard.</param>
/// <param name="ChunkCount">Chunks this source sends to this shard in this micro-batch, at least 1.</param>
public readonly record struct ChunkKey(int Micro, int Source, int Chunk, int ChunkCount);
