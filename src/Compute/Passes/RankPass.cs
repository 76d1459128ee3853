using MoeActors.Compute.Models;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>
/// One micro-batch of one logical rank, forward and backward, with the graph cut at every dispatch and combine: whoever drives it
/// carries rows to expert shards and brings back their answers, in any order; sums run in canonical chunk order (DT-1, ST-2).
/// Calls, for m = 0 … MoeCount-1: <see cref="Route"/>, <see cref="DispatchRows"/>, <see cref="ReleaseRows"/>,
/// <see cref="ForwardShared"/>, <see cref="Combine"/> per chunk; then <see cref="ForwardLoss"/>; in training <see cref="BackwardLoss"/>,
/// and for m = MoeCount-1 … 0: <see cref="BackwardCombine"/>, <see cref="ReturnGradient"/> per chunk, <see cref="BackwardSegment"/>.
/// On one thread; disposing it at any point frees everything it holds (after an aborted pass also call <see cref="DenseModel.ClearGradients"/>). Calls out of order throw <see cref="InvalidOperationException"/>.
/// </summary>
public sealed class RankPass : IDisposable
{
    private readonly RunSpec spec;
    private readonly DenseModel model;
    private readonly PassContext context;
    private readonly PassTokens tokens;
    private readonly Tensor?[] inputs; // input of dense segment m [t, d]: a leaf
    private readonly MoeCut?[] cuts;
    private readonly bool[] sharedDone;
    private readonly ICapacityPolicy capacity;
    private readonly int[] positions; // EP position of each expert
    private readonly IReadOnlyList<(IAuxiliaryLoss Loss, double Coefficient)> auxiliary;
    private Tensor? last, lastGradient;
    private readonly Dictionary<string, double> losses = []; // by name, summed over the MoE layers

    /// <summary>Begins a pass: embeds <paramref name="tokens"/>, int64 [B, T+1], which stay the caller's; row i predicts its successor.</summary>
    /// <exception cref="ArgumentException">The shape does not fit the model, or a token id is outside the vocabulary.</exception>
    public RankPass(RunSpec spec, DenseModel model, PassContext context, Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        (this.spec, this.model, this.context) = (spec, model, context);
        (capacity, auxiliary) = (CapacityCatalogue.Of(spec.Model.Moe), context.Training ? LossCatalogue.Of(spec.Model.Moe) : []);
        positions = new int[spec.Model.Moe.Experts];
        for (int p = 0; p < spec.Layout.ExpertParallel; p++)
        {
            (int first, int count) = spec.Layout.ExpertsAt(p, positions.Length);
            Array.Fill(positions, p, first, count);
        }

        this.tokens = new PassTokens(model, tokens);
        inputs = new Tensor?[model.MoeCount + 1];
        cuts = new MoeCut?[model.MoeCount];
        sharedDone = new bool[model.MoeCount];
        SetInput(0, model.Embed(this.tokens.Inputs, this.tokens.Batch));
    }

    private MoeSpec Moe => spec.Model.Moe;

    /// <summary>Runs dense segment <paramref name="m"/> up to the gate and decides the routing; its loss terms are kept.</summary>
    public RoutingPlan Route(int m)
    {
        Require(inputs[m] is not null && cuts[m] is null, "Route", m);
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(context.Training);
        (Tensor residual, Tensor normed) = model.Segment(m, inputs[m]!, tokens.Batch);
        PassNoise? noise = context.Training ? new PassNoise(spec.Training.Seed, context.Step, model.LayerOf(m), context.FirstToken) : null;
        int length = (int)(tokens.Count / tokens.Batch);
        GateOutput routed = model.MoeBlock(m).Gate(normed, noise, tokens.Inputs, length);
        RoutingPlan plan = Plan(routed.Choices, noise);
        if (routed.Local is not null)
        {
            residual = residual.Plus(routed.Local.to(residual.dtype));
        }

        cuts[m] = new MoeCut(model, m, context.Training, plan, residual, normed, routed.Weights, Auxiliary(plan, routed, new RoutingGroup(Moe, spec.Layout, length)));
        return plan;
    }

    /// <summary>Token rows in plan order: [rows, d], compute dtype, contiguous, owned by the pass until <see cref="ReleaseRows"/>. Chunk c is <c>narrow(0, c.FirstRow, c.Rows)</c>.</summary>
    public Tensor DispatchRows(int m) => Cut(m, "DispatchRows").Rows();

    /// <summary>Frees the rows of <see cref="DispatchRows"/>; views of them keep their memory.</summary>
    public void ReleaseRows(int m) => Cut(m, "ReleaseRows").ReleaseRows();

    /// <summary>What needs no routed expert: the shared experts. Called while rows are on their way; at the latest <see cref="Combine"/> does it.</summary>
    public void ForwardShared(int m)
    {
        MoeCut cut = Cut(m, "ForwardShared");
        if (sharedDone[m])
        {
            return;
        }

        sharedDone[m] = true;
        if (model.MoeBlock(m).HasShared)
        {
            using var scope = NewDisposeScope();
            using var mode = set_grad_enabled(context.Training);
            cut.AddShared(model.MoeBlock(m).Shared(cut.Normed));
        }
    }

    /// <summary>
    /// Takes an expert shard's answer y [chunk.Rows, d] (compute dtype; ownership passes), in any arrival order; added in canonical order.
    /// True when all chunks of <paramref name="m"/> are in.
    /// </summary>
    /// <exception cref="InvalidOperationException">ST-2: the chunk came twice, is unknown or has another shape.</exception>
    public bool Combine(int m, DispatchChunk chunk, Tensor y)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        ArgumentNullException.ThrowIfNull(y);
        MoeCut cut = Cut(m, "Combine");
        ForwardShared(m);
        if (!cut.Combine(chunk, y))
        {
            return false;
        }

        SetInput(m + 1, cut.TakeOutput());
        if (!context.Training)
        {
            Drop(m);
        }

        return true;
    }

    /// <summary>The final segment and the loss. In training the logits' gradient is taken at once, so that the logits need not be kept.</summary>
    public LossParts ForwardLoss()
    {
        int m = model.MoeCount;
        Require(inputs[m] is not null && last is null, "ForwardLoss", m);
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(context.Training);
        Tensor hidden = model.LastSegment(inputs[m]!, tokens.Batch);
        double sum;
        if (context.Training)
        {
            double scale = 1.0 / ((double)spec.Training.GlobalBatch * spec.Model.Context);
            (sum, lastGradient, Tensor head) = LossHead.LossAndGradients(hidden.detach(), model.HeadWeight, tokens.Targets, scale);
            model.HeadBackward(head);
            last = hidden.DetachFromDisposeScope();
        }
        else
        {
            sum = LossHead.Loss(hidden, model.HeadWeight, tokens.Targets);
        }

        return new LossParts(sum, tokens.Count, losses);
    }

    /// <summary>Backward of the final segment.</summary>
    public void BackwardLoss()
    {
        Require(last is not null && lastGradient is not null, "BackwardLoss", model.MoeCount);
        autograd.backward([last!], [lastGradient!]);
        last!.Dispose();
        lastGradient!.Dispose();
        (last, lastGradient) = (null, null);
        if (model.MoeCount == 0)
        {
            FinishEmbedding();
        }
    }

    /// <summary>Gradients dY of the experts' outputs in plan order: [rows, d], compute dtype; the caller owns them.</summary>
    public Tensor BackwardCombine(int m)
    {
        MoeCut cut = Cut(m, "BackwardCombine");
        return cut.CombineBackward(TakeGradient(m + 1));
    }

    /// <summary>Takes an expert shard's dx [chunk.Rows, d] (ownership passes), in any order; added in canonical order. True when all chunks are in.</summary>
    /// <exception cref="InvalidOperationException">ST-2: the chunk came twice, is unknown or has another shape.</exception>
    public bool ReturnGradient(int m, DispatchChunk chunk, Tensor dx)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        ArgumentNullException.ThrowIfNull(dx);
        return Cut(m, "ReturnGradient").ReturnGradient(chunk, dx);
    }

    /// <summary>Backward of dense segment <paramref name="m"/>, when all its rows' gradients are in. After m = 0 the model's gradients are complete.</summary>
    public void BackwardSegment(int m)
    {
        Cut(m, "BackwardSegment").Backward();
        Drop(m);
        if (m == 0)
        {
            FinishEmbedding();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int m = 0; m < cuts.Length; m++)
        {
            Drop(m);
        }

        for (int m = 0; m < inputs.Length; m++)
        {
            DropInput(m);
        }

        last?.Dispose();
        lastGradient?.Dispose();
        tokens.Dispose();
    }

    /// <summary>In evaluation, instead of the loss: logits [B, V] in fp32 at least after each row's last input token. The caller owns them.</summary>
    internal Tensor LastLogits()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Tensor hidden = model.LastSegment(inputs[model.MoeCount]!, tokens.Batch).view(tokens.Batch, -1, spec.Model.Hidden);
        Tensor logits = nn.functional.linear(hidden.select(1, hidden.size(1) - 1), model.HeadWeight);
        return (logits.dtype == ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits).DetachFromDisposeScope();
    }

    private RoutingPlan Plan(Choices choices, PassNoise? noise)
    {
        int most = context.Training ? RoutingPlanner.Capacity(Moe, choices.Tokens) : int.MaxValue;
        bool[]? kept = capacity.Decide(choices, new CapacityLimits(Moe.Experts, most) { Positions = positions, Draw = noise }).Kept;
        return RoutingPlanner.Plan(spec.Layout, Moe.Experts, Moe.Targets, choices, kept);
    }

    // Each micro-batch of each rank is a routing group; a loss is the mean over groups.
    private Tensor? Auxiliary(RoutingPlan plan, GateOutput routed, RoutingGroup group)
    {
        double groups = (double)spec.Layout.Ranks * spec.Training.MicroBatches;
        Tensor? sum = null;
        foreach ((IAuxiliaryLoss loss, double coefficient) in auxiliary)
        {
            Tensor raw = loss.Of(routed, plan, group);
            losses[loss.Name] = losses.GetValueOrDefault(loss.Name) + raw.ToDouble();
            if (coefficient != 0 && raw.requires_grad)
            {
                Tensor part = raw.Times(coefficient / groups);
                sum = sum is null ? part : sum.Plus(part);
            }
        }

        return sum;
    }

    private void SetInput(int m, Tensor value) =>
        inputs[m] = context.Training ? value.DetachFromDisposeScope().requires_grad_() : value.DetachFromDisposeScope();

    private Tensor TakeGradient(int m)
    {
        Tensor gradient = inputs[m]?.grad ?? throw new InvalidOperationException($"gradient of dense segment {m}'s input asked for before its backward");
        gradient.DetachFromDisposeScope();
        DropInput(m);
        return gradient;
    }

    private void FinishEmbedding() => model.EmbedBackward(tokens.Inputs, tokens.Batch, TakeGradient(0));

    private void DropInput(int m)
    {
        inputs[m]?.Dispose();
        inputs[m] = null;
    }

    private void Drop(int m)
    {
        cuts[m]?.Dispose();
        cuts[m] = null;
    }

    private MoeCut Cut(int m, string call)
    {
        Require(cuts[m] is not null, call, m);
        return cuts[m]!;
    }

    private static void Require(bool ok, string call, int m)
    {
        if (!ok)
        {
            throw new InvalidOperationException($"{call}({m}) out of order");
        }
    }
}
