using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>
/// An expert shard's side of the exchange within a training step: answers each chunk as it arrives, keeps what its backward needs, and adds weight
/// gradients apart, in canonical chunk order, so that answers go out first and arrival order never shows in a sum (DT-1). Each chunk comes once
/// (ST-2). Evaluation and serving take its <see cref="Bank"/> alone. Not thread-safe: one compute thread calls it.
/// </summary>
public sealed class ChunkServer : IDisposable
{
    private readonly int firstSource, sources;
    private readonly Dictionary<(int Micro, int Source, int Chunk), KeptChunk> kept = [];
    private ChunkCursor next;

    /// <summary>Serves the chunks of one EP group.</summary>
    /// <param name="bank">The experts; ownership passes.</param>
    /// <param name="layout">Which ranks are the group's, the sources.</param>
    /// <param name="group">EP group.</param>
    public ChunkServer(ExpertBank bank, LogicalLayout layout, int group)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(layout);
        Bank = bank;
        (firstSource, sources) = (group * layout.ExpertParallel, layout.ExpertParallel);
        next = ChunkCursor.Start(firstSource, sources);
    }

    /// <summary>The experts.</summary>
    public ExpertBank Bank { get; }

    /// <summary>Chunks whose weight gradients have not been accumulated yet, whether backward has run or not.</summary>
    public int Unaccumulated => kept.Count;

    /// <summary>Bytes of tensors kept for those chunks.</summary>
    public long KeptBytes => kept.Values.Sum(c => c.Bytes);

    /// <summary>Outputs of one chunk, which a backward follows.</summary>
    /// <param name="key">Names the chunk; each comes once a step (ST-2).</param>
    /// <param name="x">Rows [rows, d] in the compute type, sorted by expert; ownership passes, also when this throws.</param>
    /// <param name="segments">Rows by expert, ascending, adding up to the rows of x.</param>
    /// <returns>y [rows, d] in the compute type, owned by the caller.</returns>
    /// <exception cref="InvalidOperationException">The chunk came before (ST-2) or from a rank outside the group.</exception>
    public Tensor Forward(ChunkKey key, Tensor x, IReadOnlyList<ExpertSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(segments);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        scope.Attach(x);
        CheckNew(key);
        Bank.Check(x, segments);
        ChunkRows rows = Bank.RowsOf(segments);
        Tensor own = rows.Spread(x), y = Bank.Forward(rows, own, out Tensor u);
        kept.Add((key.Micro, key.Source, key.Chunk), new KeptChunk(key, rows, own.DetachFromDisposeScope(), u.DetachFromDisposeScope()));
        return rows.Collect(y).MoveToOuterDisposeScope();
    }

    /// <summary>Gradient of one chunk's rows. Its weight gradients wait for <see cref="AccumulateNext"/>.</summary>
    /// <param name="key">A chunk forwarded and not backwarded yet (ST-2).</param>
    /// <param name="dy">Gradient of the outputs [rows, d] in the compute type; ownership passes, also when this throws.</param>
    /// <returns>dx [rows, d] in the compute type, owned by the caller.</returns>
    /// <exception cref="InvalidOperationException">Unknown chunk, or backward a second time (ST-2).</exception>
    public Tensor Backward(ChunkKey key, Tensor dy)
    {
        ArgumentNullException.ThrowIfNull(dy);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        scope.Attach(dy);
        KeptChunk chunk = Find(key, dy);
        Tensor own = chunk.Rows.Spread(dy), dx = ExpertBackward.Rows(Bank, chunk, own, out Tensor h);
        chunk.SetBackward(own.DetachFromDisposeScope(), h.DetachFromDisposeScope());
        return chunk.Rows.Collect(dx).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Adds the weight gradients of the next chunk in canonical order (Micro, Source, Chunk) and frees what was kept of it: a bounded piece of work
    /// for when no answer is due. False when that chunk has not been backwarded yet or none is left.
    /// </summary>
    /// <param name="flatGradient">[Total] fp32, or float64 with float64 weights; added to.</param>
    public bool AccumulateNext(Tensor flatGradient)
    {
        ArgumentNullException.ThrowIfNull(flatGradient);
        if (!kept.TryGetValue((next.Micro, next.Source, next.Chunk), out KeptChunk? chunk) || chunk.H is null)
        {
            return false;
        }

        using IDisposable noGrad = no_grad();
        ExpertBackward.Accumulate(Bank, chunk, flatGradient);
        kept.Remove((next.Micro, next.Source, next.Chunk));
        chunk.Dispose();
        next = next.Next(chunk.Key.ChunkCount);
        return true;
    }

    /// <summary>Frees everything kept and begins the canonical order anew: after the last chunk of a step, or on abort.</summary>
    public void Discard()
    {
        foreach (KeptChunk chunk in kept.Values)
        {
            chunk.Dispose();
        }

        kept.Clear();
        next = ChunkCursor.Start(firstSource, sources);
    }

    /// <summary>Frees everything kept and the bank; the flat weights stay the lender's.</summary>
    public void Dispose()
    {
        Discard();
        Bank.Dispose();
    }

    private KeptChunk Find(ChunkKey key, Tensor dy)
    {
        if (!kept.TryGetValue((key.Micro, key.Source, key.Chunk), out KeptChunk? chunk) || chunk.Key != key)
        {
            throw new InvalidOperationException($"ST-2: block {Bank.Block}: backward of {key}, which was not forwarded");
        }

        if (chunk.H is not null)
        {
            throw new InvalidOperationException($"ST-2: block {Bank.Block}: backward of {key} a second time");
        }

        return dy.size(0) == chunk.Rows.Rows && dy.size(1) == Bank.Hidden
            ? chunk
            : throw new InvalidOperationException($"ST-2: block {Bank.Block}: {key} has {chunk.Rows.Rows} rows of {Bank.Hidden}, its gradient is [{string.Join(", ", dy.shape)}]");
    }

    private void CheckNew(ChunkKey key)
    {
        if (key.Source < firstSource || key.Source >= firstSource + sources)
        {
            throw new InvalidOperationException($"ST-2: block {Bank.Block}: {key} comes from outside ranks {firstSource} … {firstSource + sources - 1}");
        }

        if (kept.ContainsKey((key.Micro, key.Source, key.Chunk)) || next.IsPast(key))
        {
            throw new InvalidOperationException($"ST-2: block {Bank.Block}: {key} came a second time");
        }
    }
}
