using MoeActors.Compute.Routing;
using TorchSharp;

namespace MoeActors.Compute.Passes;

/// <summary>
/// Takes the answers to the chunks of one plan in any order and gives them out in canonical order, each exactly once (DT-1, ST-2).
/// Owns what waits for its turn.
/// </summary>
internal sealed class ChunkIntake : IDisposable
{
    private readonly IReadOnlyList<DispatchChunk> chunks;
    private readonly Dictionary<ChunkAddress, int> ordinals = [];
    private readonly torch.Tensor?[] waiting;
    private readonly bool[] seen;
    private readonly string what;
    private int next;

    public ChunkIntake(IReadOnlyList<DispatchChunk> chunks, string what)
    {
        this.chunks = chunks;
        this.what = what;
        waiting = new torch.Tensor?[chunks.Count];
        seen = new bool[chunks.Count];
        for (int i = 0; i < chunks.Count; i++)
        {
            ordinals.Add(new ChunkAddress(chunks[i].Position, chunks[i].Index), i);
        }
    }

    public bool Complete => next == chunks.Count;

    /// <summary>Takes <paramref name="rows"/> [rows, <paramref name="width"/>] (ownership passes, also when it throws) for a chunk.</summary>
    public void Accept(ChunkAddress chunk, torch.Tensor rows, long width)
    {
        if (!ordinals.TryGetValue(chunk, out int i) || seen[i] || rows.size(0) != chunks[i].Rows || rows.size(1) != width)
        {
            string shape = string.Join(", ", rows.shape);
            bool known = ordinals.ContainsKey(chunk);
            rows.Dispose();
            throw new InvalidOperationException(
                $"ST-2: {what}, chunk {chunk.Index} of position {chunk.Position}: " +
                (!known ? "not in the plan" : seen[i] ? "came twice" : $"[{shape}] came for {chunks[i].Rows} rows of {width}"));
        }

        seen[i] = true;
        waiting[i] = rows.DetachFromDisposeScope();
    }

    /// <summary>The next chunk in canonical order if it is here; its rows become the caller's.</summary>
    public bool TryTake(out int ordinal, out torch.Tensor rows)
    {
        ordinal = next;
        if (Complete || waiting[next] is not { } ready)
        {
            rows = null!;
            return false;
        }

        waiting[next++] = null;
        rows = ready;
        return true;
    }

    public void Dispose()
    {
        for (int i = 0; i < waiting.Length; i++)
        {
            waiting[i]?.Dispose();
            waiting[i] = null;
        }
    }
}
