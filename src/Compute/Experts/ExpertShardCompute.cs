using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>
/// The experts of one MoE layer at one EP position: forward and backward by hand over views of the flat weights, no autograd graph.
/// Per chunk and expert: u = x Upᵀ, h = act(u), y = h Downᵀ (+ biases); backward dh = dy Down, du = act'(u)·dh, dx = du Up;
/// weight gradients dUp += duᵀ x and dDown += dyᵀ h follow apart, in canonical chunk order, so that answers go out first and arrival order
/// never shows in a sum (DT-1). Not thread-safe: one compute thread calls it.
/// </summary>
public sealed class ExpertShardCompute : IDisposable
{
    private readonly BlockStyle style;
    private readonly int hidden, feedForward, upWidth, firstExpert, firstSource, sources;
    private readonly bool roundRows;
    private readonly ExpertWeights[] experts;
    private readonly Dictionary<(int Micro, int Source, int Chunk), KeptChunk> kept = [];
    private ChunkCursor next;

    /// <summary>Creates the shard over <paramref name="flatWeights"/>, which it borrows: values may change between steps, the memory must stay.</summary>
    /// <param name="model">Shape of the experts.</param>
    /// <param name="layout">Which experts a position holds, which ranks send to it.</param>
    /// <param name="layer">Block index of the MoE layer.</param>
    /// <param name="group">EP group; its ranks are the sources.</param>
    /// <param name="position">EP position of the shard.</param>
    /// <param name="parameters">Layout of the flat tensors: <see cref="ParameterLayout.Experts"/> of this position.</param>
    /// <param name="flatWeights">[Total] in the compute type: fp32, bf16, or float64 for gradient checks.</param>
    public ExpertShardCompute(ModelSpec model, LogicalLayout layout, int layer, int group, int position, ParameterLayout parameters, Tensor flatWeights)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(flatWeights);
        ArgumentOutOfRangeException.ThrowIfNotEqual(flatWeights.numel(), parameters.Total, nameof(flatWeights));
        (firstExpert, int count) = layout.ExpertsAt(position, model.Moe.Experts);
        style = model.Style;
        hidden = model.Hidden;
        feedForward = model.Moe.ExpertHidden;
        upWidth = style == BlockStyle.Llama ? 2 * feedForward : feedForward;
        (firstSource, sources) = (group * layout.ExpertParallel, layout.ExpertParallel);
        roundRows = MatmulPrecision.UsesOneDnn(flatWeights.dtype, flatWeights.device);
        Layer = layer;
        experts = [.. Enumerable.Range(firstExpert, count).Select(e => new ExpertWeights(parameters, e, style, flatWeights))];
        next = ChunkCursor.Start(firstSource, sources);
    }

    /// <summary>Block index of the MoE layer.</summary>
    public int Layer { get; }

    /// <summary>Chunks whose weight gradients have not been accumulated yet, whether backward has run or not.</summary>
    public int Unaccumulated => kept.Count;

    /// <summary>Bytes of tensors kept for those chunks.</summary>
    public long KeptBytes => kept.Values.Sum(c => c.Bytes);

    /// <summary>Outputs of one chunk.</summary>
    /// <param name="key">Names the chunk; with <paramref name="keep"/> each chunk comes once a step (ST-2).</param>
    /// <param name="x">Rows [rows, d] in the compute type, sorted by expert; ownership passes, also when this throws.</param>
    /// <param name="segments">Rows by expert, ascending, adding up to the rows of x.</param>
    /// <param name="keep">False in evaluation: nothing is kept, no backward follows.</param>
    /// <returns>y [rows, d] in the compute type, owned by the caller.</returns>
    /// <exception cref="InvalidOperationException">The chunk came before (ST-2) or from a rank outside the group.</exception>
    public Tensor Forward(ChunkKey key, Tensor x, IReadOnlyList<ExpertSegment> segments, bool keep)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(segments);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        scope.Attach(x);
        CheckForward(key, x, segments, keep);
        var rows = new ChunkRows(segments, roundRows);
        Tensor own = rows.Spread(x);
        Tensor u = New(rows, upWidth, x), h = New(rows, feedForward, x), y = New(rows, hidden, x);
        foreach (ExpertRows e in rows.Experts)
        {
            Forward(experts[e.Expert - firstExpert], own, u, h, y, e.OwnBegin, e.OwnCount);
        }

        if (keep)
        {
            kept.Add((key.Micro, key.Source, key.Chunk), new KeptChunk(key, rows, own.DetachFromDisposeScope(), u.DetachFromDisposeScope()));
        }

        return rows.Collect(y).MoveToOuterDisposeScope();
    }

    /// <summary>Gradient of one chunk's rows. Its weight gradients wait for <see cref="AccumulateNext"/>.</summary>
    /// <param name="key">A chunk forwarded with keep and not backwarded yet (ST-2).</param>
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
        Tensor own = chunk.Rows.Spread(dy);
        Tensor h = New(chunk.Rows, feedForward, dy), dx = New(chunk.Rows, hidden, dy);
        foreach (ExpertRows e in chunk.Rows.Experts)
        {
            Backward(experts[e.Expert - firstExpert], own, h, chunk.U, dx, e.OwnBegin, e.OwnCount);
        }

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
        foreach (ExpertRows e in chunk.Rows.Experts)
        {
            Accumulate(experts[e.Expert - firstExpert], chunk, flatGradient, e.OwnBegin, e.OwnCount);
        }

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

    /// <summary>Frees everything kept and the views of the weights; the flat weights stay the lender's.</summary>
    public void Dispose()
    {
        Discard();
        foreach (ExpertWeights expert in experts)
        {
            expert.Dispose();
        }
    }

    private void Forward(ExpertWeights expert, Tensor x, Tensor u, Tensor h, Tensor y, long begin, long count)
    {
        using Tensor xs = x.narrow(0, begin, count), us = u.narrow(0, begin, count), hs = h.narrow(0, begin, count), ys = y.narrow(0, begin, count);
        foreach (ExpertWeights.Block up in expert.Up)
        {
            using Tensor columns = us.narrow(1, up.Column, up.Width);
            columns.addmm_(xs, up.Transposed, 0, 1);
        }

        Activation.Forward(style, us, expert.UpBias?.Value, hs);
        if (expert.DownBias is { } bias)
        {
            ys.copy_(bias.Value); // broadcast over the rows; the product is added to it
        }

        ys.addmm_(hs, expert.Down.Transposed, expert.DownBias is null ? 0 : 1, 1);
    }

    private void Backward(ExpertWeights expert, Tensor dy, Tensor h, Tensor u, Tensor dx, long begin, long count)
    {
        using Tensor dys = dy.narrow(0, begin, count), hs = h.narrow(0, begin, count), us = u.narrow(0, begin, count), dxs = dx.narrow(0, begin, count);
        hs.addmm_(dys, expert.Down.Value, 0, 1);
        Activation.Backward(style, us, expert.UpBias?.Value, hs);
        foreach (ExpertWeights.Block up in expert.Up)
        {
            using Tensor columns = us.narrow(1, up.Column, up.Width);
            dxs.addmm_(columns, up.Value, up.Column == 0 ? 0 : 1, 1);
        }
    }

    private static void Accumulate(ExpertWeights expert, KeptChunk chunk, Tensor flatGradient, long begin, long count)
    {
        using Tensor xs = chunk.X.narrow(0, begin, count), dus = chunk.U.narrow(0, begin, count), dys = chunk.Dy!.narrow(0, begin, count), hs = chunk.H!.narrow(0, begin, count);
        foreach (ExpertWeights.Block up in expert.Up)
        {
            using Tensor gradient = up.In(flatGradient), columns = dus.narrow(1, up.Column, up.Width);
            GradientSums.AddProduct(gradient, columns, xs);
        }

        using (Tensor gradient = expert.Down.In(flatGradient))
        {
            GradientSums.AddProduct(gradient, dys, hs);
        }

        if (expert.UpBias is { } upBias && expert.DownBias is { } downBias)
        {
            using Tensor up = upBias.In(flatGradient), down = downBias.In(flatGradient);
            GradientSums.AddColumnSums(up, dus);
            GradientSums.AddColumnSums(down, dys);
        }
    }

    private static Tensor New(ChunkRows rows, long width, Tensor like) => empty(rows.OwnRows, width, dtype: like.dtype, device: like.device);

    private KeptChunk Find(ChunkKey key, Tensor dy)
    {
        if (!kept.TryGetValue((key.Micro, key.Source, key.Chunk), out KeptChunk? chunk) || chunk.Key != key)
        {
            throw new InvalidOperationException($"ST-2: layer {Layer}: backward of {key}, which was not forwarded");
        }

        if (chunk.H is not null)
        {
            throw new InvalidOperationException($"ST-2: layer {Layer}: backward of {key} a second time");
        }

        return dy.size(0) == chunk.Rows.Rows && dy.size(1) == hidden
            ? chunk
            : throw new InvalidOperationException($"ST-2: layer {Layer}: {key} has {chunk.Rows.Rows} rows of {hidden}, its gradient is [{string.Join(", ", dy.shape)}]");
    }

    private void CheckForward(ChunkKey key, Tensor x, IReadOnlyList<ExpertSegment> segments, bool keep)
    {
        if (key.Source < firstSource || key.Source >= firstSource + sources)
        {
            throw new InvalidOperationException($"ST-2: layer {Layer}: {key} comes from outside ranks {firstSource} … {firstSource + sources - 1}");
        }

        if (keep && (kept.ContainsKey((key.Micro, key.Source, key.Chunk)) || next.IsPast(key)))
        {
            throw new InvalidOperationException($"ST-2: layer {Layer}: {key} came a second time");
        }

        foreach (ExpertSegment segment in segments)
        {
            if (segment.Expert < firstExpert || segment.Expert >= firstExpert + experts.Length || segment.Rows < 0)
            {
                throw new InvalidOperationException($"ST-2: layer {Layer}: {key} has {segment.Rows} rows for expert {segment.Expert}; this shard holds {firstExpert} … {firstExpert + experts.Length - 1}");
            }
        }

        if (segments.Sum(s => (long)s.Rows) != x.size(0) || x.size(1) != hidden)
        {
            throw new InvalidOperationException($"ST-2: layer {Layer}: {key} announces {segments.Sum(s => (long)s.Rows)} rows of {hidden}, its tensor is [{string.Join(", ", x.shape)}]");
        }
    }
}
