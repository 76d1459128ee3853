using MoeActors.Compute.Models;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>
/// One MoE layer's place in a pass: where the graph is cut. Forward leaves the graph's ends (residual stream, normed rows, weights,
/// auxiliary loss) here and adds up the experts' outputs; backward collects the gradients for those ends. Owns its tensors.
/// </summary>
internal sealed class MoeCut : IDisposable
{
    private readonly DenseModel model;
    private readonly ScalarType wide;
    private readonly CombineWeights weights;
    private readonly ChunkIntake outputs, gradients;
    private readonly Tensor?[] kept;
    private readonly bool training;
    private Tensor residual, normed;
    private Tensor? choiceWeights, auxiliary, rows, sum, rowGradient, choiceGradient, outGradient;

    public MoeCut(DenseModel model, int m, bool training, RoutingPlan plan, Tensor residual, Tensor normed, Tensor choiceWeights, Tensor? auxiliary)
    {
        this.model = model;
        this.training = training;
        Plan = plan;
        wide = normed.dtype == ScalarType.BFloat16 ? ScalarType.Float32 : normed.dtype;
        (this.residual, this.normed, this.choiceWeights) = (residual.DetachFromDisposeScope(), normed.DetachFromDisposeScope(), choiceWeights.DetachFromDisposeScope());
        this.auxiliary = auxiliary?.DetachFromDisposeScope();
        weights = CombineWeights.OfChoices(plan, choiceWeights);
        outputs = new ChunkIntake(plan.Chunks, $"MoE layer {m}, combine");
        gradients = new ChunkIntake(plan.Chunks, $"MoE layer {m}, gradient");
        kept = new Tensor?[plan.Chunks.Count];
    }

    public RoutingPlan Plan { get; }

    public Tensor Normed => normed;

    /// <summary>The rows to dispatch [rows, d], gathered at the first call, owned here until <see cref="ReleaseRows"/>.</summary>
    public Tensor Rows()
    {
        using Tensor source = normed.detach();
        return rows ??= RowKernels.Gather(source, Plan.Token).DetachFromDisposeScope();
    }

    public void ReleaseRows()
    {
        rows?.Dispose();
        rows = null;
    }

    /// <summary>Adds the shared experts' output, in the graph, to the residual stream.</summary>
    public void AddShared(Tensor shared)
    {
        Tensor before = residual;
        residual = before.Plus(shared).DetachFromDisposeScope();
        before.Dispose();
    }

    /// <summary>Takes y [chunk.Rows, d]; true when all are in and <see cref="TakeOutput"/> may be called.</summary>
    public bool Combine(DispatchChunk chunk, Tensor y)
    {
        outputs.Accept(chunk, y, normed.size(1));
        using var off = no_grad();
        if (sum is null)
        {
            // A copy: the graph keeps the residual stream for its backward.
            using Tensor start = residual.detach();
            sum = start.to(wide, copy: true).DetachFromDisposeScope();
        }

        while (outputs.TryTake(out int i, out Tensor ready))
        {
            DispatchChunk next = Plan.Chunks[i];
            CombineKernels.Add(sum, ready, Plan.Token.AsSpan(next.FirstRow, next.Rows), weights, next.FirstRow);
            if (training)
            {
                kept[i] = ready; // dw_i = dot(dOut, y_i) needs it
            }
            else
            {
                ready.Dispose();
            }
        }

        return outputs.Complete;
    }

    /// <summary>h_next = h_res + Σ w_i·y_i in the compute dtype [t, d]; the caller owns it.</summary>
    public Tensor TakeOutput()
    {
        Tensor done = sum ?? throw new InvalidOperationException("ST-2: output of an MoE layer asked for before its chunks came");
        sum = null;
        if (done.dtype == model.DType)
        {
            return done;
        }

        using (done)
        {
            return done.to(model.DType).DetachFromDisposeScope();
        }
    }

    /// <summary>Gradient dOut [t, d] of h_next (ownership passes) → dY rows [rows, d] in plan order, which the caller owns.</summary>
    public Tensor CombineBackward(Tensor dOut)
    {
        using var off = no_grad();
        outGradient = dOut;
        var dWeights = new CombineWeights(Plan.Rows, wide);
        Tensor dY = empty([Plan.Rows, dOut.size(1)], dOut.dtype, dOut.device).DetachFromDisposeScope();
        for (int i = 0; i < kept.Length; i++)
        {
            DispatchChunk chunk = Plan.Chunks[i];
            using Tensor part = dY.narrow(0, chunk.FirstRow, chunk.Rows);
            CombineKernels.Backward(dOut, Plan.Token.AsSpan(chunk.FirstRow, chunk.Rows), weights, chunk.FirstRow, kept[i]!, part, dWeights);
            kept[i]!.Dispose();
            kept[i] = null;
        }

        choiceGradient = dWeights.ToChoices(Plan, dOut.device).DetachFromDisposeScope();
        return dY;
    }

    /// <summary>Takes dx [chunk.Rows, d]; true when all are in and <see cref="Backward"/> may be called.</summary>
    public bool ReturnGradient(DispatchChunk chunk, Tensor dx)
    {
        gradients.Accept(chunk, dx, normed.size(1));
        using var off = no_grad();
        rowGradient ??= zeros(normed.shape, wide, normed.device).DetachFromDisposeScope();
        while (gradients.TryTake(out int i, out Tensor ready))
        {
            DispatchChunk next = Plan.Chunks[i];
            RowKernels.ScatterAdd(rowGradient, ready, Plan.Token.AsSpan(next.FirstRow, next.Rows));
            ready.Dispose();
        }

        return gradients.Complete;
    }

    /// <summary>Backward of the dense segment that ends here, from all its ends at once.</summary>
    public void Backward()
    {
        if (!gradients.Complete || outGradient is null || choiceGradient is null)
        {
            throw new InvalidOperationException("ST-2: backward of a dense segment before all its rows' gradients came");
        }

        using var scope = NewDisposeScope();
        List<Tensor> ends = [residual, normed], given = [outGradient, rowGradient!.to(normed.dtype)];
        if (choiceWeights!.requires_grad)
        {
            Add(choiceWeights, choiceGradient);
        }

        if (auxiliary is not null)
        {
            Add(auxiliary, ones_like(auxiliary));
        }

        autograd.backward(ends, given);

        void Add(Tensor end, Tensor gradient)
        {
            ends.Add(end);
            given.Add(gradient);
        }
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
        foreach (Tensor? t in new[] { residual, normed, choiceWeights, auxiliary, sum, rowGradient, choiceGradient, outGradient })
        {
            t?.Dispose();
        }
    }
}
