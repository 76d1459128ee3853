using MoeActors.Compute.Routing;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>
/// One exchange with the experts, from its gate to the end of its backward: what the gate left (normed rows, weights, auxiliary loss), the sum of the
/// experts' outputs, and the gradients that come back. Owns its tensors.
/// </summary>
internal sealed class MoeCut : IDisposable
{
    private readonly ScalarType dtype, wide;
    private readonly ChunkIntake outputs, gradients;
    private readonly Tensor?[] kept;
    private readonly bool graph;
    private Tensor? normed, choiceWeights, auxiliary, local, weighing, rows, sum, rowGradient, choiceGradient, localGradient, weighingGradient;
    private CombineWeights? weights;
    private bool back;

    /// <param name="dtype">The compute dtype.</param>
    /// <param name="cut">Ordinal in the pass, for messages.</param>
    /// <param name="graph">Whether a backward follows.</param>
    /// <param name="plan">What was decided.</param>
    /// <param name="normed">What gate and experts read [t, d]; ownership passes, of the next two as well.</param>
    /// <param name="choiceWeights">The choices' weights [c].</param>
    /// <param name="auxiliary">Auxiliary losses, coefficients applied; null without.</param>
    /// <param name="local">What rows get without an expert and has to wait for the combine [t, d]; null without.</param>
    public MoeCut(ScalarType dtype, int cut, bool graph, RoutingPlan plan, Tensor normed, Tensor choiceWeights, Tensor? auxiliary, Tensor? local = null)
    {
        (this.dtype, this.graph, Plan) = (dtype, graph, plan);
        wide = dtype == ScalarType.BFloat16 ? ScalarType.Float32 : dtype;
        (this.normed, this.choiceWeights) = (normed.DetachFromDisposeScope(), choiceWeights.DetachFromDisposeScope());
        this.auxiliary = auxiliary?.DetachFromDisposeScope();
        this.local = local?.DetachFromDisposeScope();
        outputs = new ChunkIntake(plan.Chunks, $"cut {cut}, combine");
        gradients = new ChunkIntake(plan.Chunks, $"cut {cut}, gradient");
        kept = new Tensor?[plan.Chunks.Count];
    }

    public RoutingPlan Plan { get; }

    /// <summary>Whether the outputs' gradients have come.</summary>
    public bool Back => back;

    /// <summary>What gate and experts read [t, d]; borrowed.</summary>
    public Tensor Normed => normed ?? throw new InvalidOperationException("ST-2: a cut is asked for its rows after its end");

    /// <summary>The rows to dispatch [rows, d], gathered at the first call, owned here until <see cref="ReleaseRows"/>.</summary>
    public Tensor Rows()
    {
        using Tensor source = Normed.detach();
        return rows ??= RowKernels.Gather(source, Plan.Token).DetachFromDisposeScope();
    }

    public void ReleaseRows()
    {
        rows?.Dispose();
        rows = null;
    }

    /// <summary>Takes y, or dx, [chunk.Rows, d] (ownership passes, also when it throws).</summary>
    public void Accept(DispatchKind kind, ChunkAddress chunk, Tensor answer)
    {
        if (kind == DispatchKind.Backward && !back)
        {
            answer.Dispose();
            throw new InvalidOperationException($"ST-2: a gradient of chunk {chunk.Index} of position {chunk.Position}, for which none was asked");
        }

        (kind == DispatchKind.Forward ? outputs : gradients).Accept(chunk, answer, Normed.size(1));
    }

    /// <summary>The experts' outputs are to be weighed with <paramref name="by"/> [t, 1] besides, fp32 at least; ownership passes. Before the first of them is added.</summary>
    public void Weigh(Tensor by) => weighing = by.DetachFromDisposeScope();

    /// <summary>What <see cref="Weigh"/> was given and its gradient, which are the caller's; null where it was not called. After <see cref="CombineBackward"/>.</summary>
    public (Tensor Weight, Tensor Gradient)? TakeWeighing()
    {
        if (weighing is null || weighingGradient is null)
        {
            return null;
        }

        (Tensor, Tensor) taken = (weighing, weighingGradient);
        (weighing, weighingGradient) = (null, null);
        return taken;
    }

    /// <summary>Adds the outputs that are here: residual + Σ w_i·y_i in the compute dtype [t, d], which the caller owns, when all are; null before.</summary>
    public Tensor? TryCombine(Tensor residual)
    {
        using var off = no_grad();
        if (sum is null)
        {
            // A copy: the graph keeps the residual stream for its backward.
            using Tensor start = residual.detach();
            sum = start.to(wide, copy: true).DetachFromDisposeScope();
            if (local is not null)
            {
                using Tensor own = local.detach(), ownWide = own.to(wide);
                sum.PlusInPlace(ownWide);
            }

            weights = CombineWeights.OfChoices(Plan, choiceWeights!, weighing);
        }

        while (outputs.TryTake(out int i, out Tensor ready))
        {
            DispatchChunk next = Plan.Chunks[i];
            CombineKernels.Add(sum, ready, Plan.Token.AsSpan(next.FirstRow, next.Rows), weights!, next.FirstRow);
            if (graph)
            {
                kept[i] = ready; // dw_i = dot(dOut, y_i) needs it
            }
            else
            {
                ready.Dispose();
            }
        }

        return outputs.Complete ? TakeSum() : null;
    }

    /// <summary>Gradient dOut [t, d] of the combined stream (borrowed) → dY rows [rows, d] in plan order, which the caller owns.</summary>
    public Tensor CombineBackward(Tensor dOut)
    {
        using var off = no_grad();
        back = true;
        var dWeights = new CombineWeights(Plan.Rows, wide);
        Tensor dY = empty([Plan.Rows, dOut.size(1)], dOut.dtype, dOut.device).DetachFromDisposeScope();
        for (int i = 0; i < kept.Length; i++)
        {
            DispatchChunk chunk = Plan.Chunks[i];
            using Tensor part = dY.narrow(0, chunk.FirstRow, chunk.Rows);
            CombineKernels.Backward(dOut, Plan.Token.AsSpan(chunk.FirstRow, chunk.Rows), weights!, chunk.FirstRow, kept[i]!, part, dWeights);
            kept[i]!.Dispose();
            kept[i] = null;
        }

        localGradient = local is null ? null : dOut.clone().DetachFromDisposeScope();
        weighingGradient = weighing is null ? null : dWeights.ToTokens(Plan, choiceWeights!).DetachFromDisposeScope();
        choiceGradient = dWeights.ToChoices(Plan, dOut.device, weighing).DetachFromDisposeScope();
        return dY;
    }

    /// <summary>Adds the rows' gradients that are here; when all are, the gate's results become ends of <paramref name="segment"/> with their gradients.</summary>
    public bool TryEnd(GraphSegment segment)
    {
        if (!back)
        {
            throw new InvalidOperationException("ST-2: a gate's backward before its combine's");
        }

        using var off = no_grad();
        rowGradient ??= zeros(Normed.shape, wide, Normed.device).DetachFromDisposeScope();
        while (gradients.TryTake(out int i, out Tensor ready))
        {
            DispatchChunk next = Plan.Chunks[i];
            RowKernels.ScatterAdd(rowGradient, ready, Plan.Token.AsSpan(next.FirstRow, next.Rows));
            ready.Dispose();
        }

        if (!gradients.Complete)
        {
            return false;
        }

        segment.End(Normed, rowGradient.to(Normed.dtype));
        normed = null;
        if (choiceWeights!.requires_grad)
        {
            segment.End(choiceWeights, choiceGradient!);
            (choiceWeights, choiceGradient) = (null, null);
        }

        if (local is { requires_grad: true })
        {
            segment.End(local, localGradient!);
            (local, localGradient) = (null, null);
        }

        if (auxiliary is not null)
        {
            segment.End(auxiliary, ones_like(auxiliary));
            auxiliary = null;
        }

        return true;
    }

    public void Dispose()
    {
        ReleaseRows();
        outputs.Dispose();
        gradients.Dispose();
        foreach (Tensor? y in kept)
        {
            y?.Dispose();
        }

        Array.Clear(kept);
        foreach (Tensor? t in new[] { normed, choiceWeights, auxiliary, local, weighing, sum, rowGradient, choiceGradient, localGradient, weighingGradient })
        {
            t?.Dispose();
        }
    }

    private Tensor TakeSum()
    {
        Tensor done = sum!;
        sum = null;
        if (done.dtype == dtype)
        {
            return done;
        }

        using (done)
        {
            return done.to(dtype).DetachFromDisposeScope();
        }
    }
}
