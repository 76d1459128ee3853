using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Bench.Workers;

/// <summary>
/// A bare MoE layer for one rank's tokens, out = Σ w_i · y_i, from the product's router, planner and row kernels: no attention, no norm, no residual. The graph
/// is cut at the dispatch and the combine as in a training pass. Used on one thread.
/// </summary>
internal sealed class BareLayer : IDisposable
{
    private readonly MoeSpec moe;
    private readonly LogicalLayout layout;
    private readonly Tensor x, gate, target;
    private RoutingPlan? plan;
    private Tensor? table, auxiliary, sum, rowGradient;
    private Tensor?[] answers = [];
    private float[] weights = [];
    private int combined, missing;

    /// <summary>Random tokens [tokens, d] of <paramref name="dtype"/> and a random gate.</summary>
    public BareLayer(MoeSpec moe, LogicalLayout layout, int hidden, int tokens, ScalarType dtype)
    {
        (this.moe, this.layout) = (moe, layout);
        x = randn([tokens, hidden]).to(dtype).requires_grad_();
        gate = randn([moe.Experts, hidden]).Over(Math.Sqrt(hidden)).requires_grad_();
        target = randn([tokens, hidden]).Over(tokens).to(dtype);
    }

    public RoutingPlan Plan => plan!;

    /// <summary>Gate and plan; returns the rows to dispatch, which the caller owns.</summary>
    public Tensor Route()
    {
        Reset();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = nn.functional.linear(x.dtype == ScalarType.Float32 ? x : x.to(ScalarType.Float32), gate);
        GateOutput routed = TopKGate.Select(moe, logits, null, null);
        int most = RoutingPlanner.Capacity(moe, (int)x.size(0));
        plan = RoutingPlanner.Plan(layout, moe.Experts, moe.Targets, routed.Choices, CapacityCatalogue.Of(moe).Decide(routed.Choices, new CapacityLimits(moe.Experts, most)).Kept);
        auxiliary = BalanceLoss.Of(routed.Scores, plan.Routed, routed.Choices.Count).Times(moe.BalanceLoss).DetachFromDisposeScope();
        table = routed.Weights.DetachFromDisposeScope();
        weights = RowWeights(plan, table);
        answers = new Tensor?[plan.Chunks.Count];
        (combined, missing) = (0, answers.Length);
        sum = zeros(x.shape, ScalarType.Float32).DetachFromDisposeScope();
        return RowKernels.Gather(x.detach(), plan.Token).DetachFromDisposeScope();
    }

    /// <summary>Takes the answer to chunk <paramref name="i"/>; true when all are in.</summary>
    public bool Combine(int i, Tensor y)
    {
        answers[i] = y;
        missing--;
        for (; combined < answers.Length && answers[combined] is { } next; combined++)
        {
            (Range rows, _) = RowsOf(combined);
            RowKernels.CombineAdd(sum!, next, Plan.Token.AsSpan(rows), weights.AsSpan(rows));
        }

        return missing == 0;
    }

    /// <summary>Loss Σ out ⊙ target and its gradient through the combine: dY [rows, d], which the caller owns.</summary>
    public Tensor BackwardCombine(out float[] weightGradient)
    {
        using IDisposable off = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Tensor output = sum!.to(x.dtype);
        _ = output.mul(target).sum().ToDouble();
        Tensor dY = empty([Plan.Rows, x.size(1)], x.dtype);
        weightGradient = new float[Plan.Rows];
        for (int i = 0; i < answers.Length; i++)
        {
            (Range rows, DispatchChunk chunk) = RowsOf(i);
            using Tensor part = dY.narrow(0, chunk.FirstRow, chunk.Rows);
            RowKernels.CombineBackward(target, Plan.Token.AsSpan(rows), weights.AsSpan(rows), answers[i]!, part, weightGradient.AsSpan(rows));
            answers[i]!.Dispose();
            answers[i] = null;
        }

        rowGradient = zeros(x.shape, ScalarType.Float32).DetachFromDisposeScope();
        (combined, missing) = (0, answers.Length);
        return dY.DetachFromDisposeScope();
    }

    /// <summary>Takes the gradient of chunk <paramref name="i"/>'s rows; true when all are in.</summary>
    public bool ReturnGradient(int i, Tensor dx)
    {
        answers[i] = dx;
        missing--;
        for (; combined < answers.Length && answers[combined] is { } next; combined++)
        {
            (Range rows, _) = RowsOf(combined);
            RowKernels.ScatterAdd(rowGradient!, next, Plan.Token.AsSpan(rows));
            next.Dispose();
            answers[combined] = null;
        }

        return missing == 0;
    }

    /// <summary>Backward of the gate; the gradient of x is complete afterwards.</summary>
    public void Backward(float[] weightGradient)
    {
        using DisposeScope scope = NewDisposeScope();
        float[] choices = new float[Plan.Choices];
        for (int r = 0; r < Plan.Rows; r++)
        {
            choices[Plan.Choice[r]] = weightGradient[r];
        }

        autograd.backward([table!, auxiliary!], [tensor(choices), ones_like(auxiliary!)]);
        using IDisposable off = no_grad();
        rowGradient!.PlusInPlace(x.grad!);
    }

    public void Dispose()
    {
        Reset();
        x.Dispose();
        gate.Dispose();
        target.Dispose();
    }

    private (Range Rows, DispatchChunk Chunk) RowsOf(int i) => (Plan.Chunks[i].FirstRow..(Plan.Chunks[i].FirstRow + Plan.Chunks[i].Rows), Plan.Chunks[i]);

    private static float[] RowWeights(RoutingPlan plan, Tensor table)
    {
        using Tensor detached = table.detach();
        float[] all = detached.data<float>().ToArray();
        float[] rows = new float[plan.Rows];
        for (int r = 0; r < rows.Length; r++)
        {
            rows[r] = all[plan.Choice[r]];
        }

        return rows;
    }

    private void Reset()
    {
        foreach (Tensor? t in answers.Concat([table, auxiliary, sum, rowGradient, x.grad, gate.grad]))
        {
            t?.Dispose();
        }

        (table, auxiliary, sum, rowGradient, answers) = (null, null, null, null, []);
        (x.grad, gate.grad) = (null, null);
    }
}
