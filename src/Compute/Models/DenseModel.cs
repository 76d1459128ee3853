using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// The dense part of one logical rank: embedding, attention, norms, gates, shared experts, head. Its autograd leaves alias the shared
/// flat weights (no copy) and own their gradients. One pass at a time may be between its first forward and last backward. Used on one
/// thread; the dtype of the flat weights is the compute dtype (fp32, bf16, or fp64 for checks).
/// </summary>
public sealed class DenseModel : IDisposable
{
    private readonly ParameterLeaves leaves;
    private readonly Rope? rope;
    private readonly Block[] blocks;
    private readonly Norm finalNorm;
    private readonly List<(int[] Tokens, Tensor Gradient)> embeddingRows = [];
    private readonly ParameterEntry embedEntry;
    private readonly ParameterLayout layout;

    /// <summary>Builds the model over <paramref name="flatWeights"/> [layout.Total], which stays the caller's and must outlive the model.</summary>
    public DenseModel(ModelSpec model, ParameterLayout layout, Tensor flatWeights)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(flatWeights);
        Model = model;
        this.layout = layout;
        DType = flatWeights.dtype;
        Device = flatWeights.device;
        leaves = new ParameterLeaves(layout, flatWeights);
        rope = model.Style == BlockStyle.Llama ? new Rope(model, DType, Device) : null;
        blocks = [.. Enumerable.Range(0, model.Layers).Select(l => new Block(model, leaves, l, rope))];
        finalNorm = new Norm(model, leaves, "final_norm");
        Plan = BlockPlan.Of(model);
        embedEntry = layout["embed"];
    }

    /// <summary>What a pass through the model does, in order.</summary>
    public BlockPlan Plan { get; }

    internal ModelSpec Model { get; }

    internal ScalarType DType { get; }

    internal Device Device { get; }

    internal Tensor HeadWeight => leaves.Find("head") ?? leaves["embed"];

    /// <summary>
    /// Adds the gradients of the pass (any dtype) to <paramref name="flatGradient"/> [layout.Total] (fp32; fp64 in checks) and clears
    /// them. Call after each pass, so that micro-batches add up in fp32.
    /// </summary>
    public void AccumulateGradients(Tensor flatGradient)
    {
        ArgumentNullException.ThrowIfNull(flatGradient);
        leaves.Drain(flatGradient);
        using Tensor table = layout.View(flatGradient, embedEntry);
        foreach ((int[] tokens, Tensor gradient) in embeddingRows)
        {
            RowKernels.ScatterAdd(table, gradient, tokens);
            gradient.Dispose();
        }

        embeddingRows.Clear();
    }

    /// <summary>Drops gradients that were not accumulated: after an aborted pass.</summary>
    public void ClearGradients()
    {
        leaves.Clear();
        foreach ((int[] _, Tensor gradient) in embeddingRows)
        {
            gradient.Dispose();
        }

        embeddingRows.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ClearGradients();
        leaves.Dispose();
        rope?.Dispose();
    }

    /// <summary>Embeds tokens [batch · T] → [batch · T, d], outside autograd. The caller owns the result.</summary>
    internal Tensor Embed(int[] tokens, long batch)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = RowKernels.Gather(leaves["embed"].detach(), tokens); // [t, d]
        if (leaves.Find("positions") is { } positions)
        {
            long time = tokens.Length / batch;
            rows.view(batch, time, Model.Hidden).PlusInPlace(positions.narrow(0, 0, time));
        }

        return rows.DetachFromDisposeScope();
    }

    /// <summary>Keeps the gradient [batch · T, d] of <see cref="Embed"/>'s result (ownership passes) for <see cref="AccumulateGradients"/>.</summary>
    internal void EmbedBackward(int[] tokens, long batch, Tensor gradient)
    {
        embeddingRows.Add((tokens, gradient.DetachFromDisposeScope()));
        if (leaves.Find("positions") is null)
        {
            return;
        }

        using var off = no_grad();
        using var scope = NewDisposeScope();
        long time = tokens.Length / batch;
        Tensor sum = gradient.view(batch, time, Model.Hidden).sum(0, type: gradient.dtype == ScalarType.BFloat16 ? ScalarType.Float32 : gradient.dtype);
        Tensor all = zeros([Model.Context, Model.Hidden], sum.dtype, Device);
        all.narrow(0, 0, time).copy_(sum);
        leaves.Add("positions", all);
    }

    /// <summary>Keeps a gradient of the head's weight [V, d] (ownership passes).</summary>
    internal void HeadBackward(Tensor gradient) => leaves.Add(leaves.Find("head") is null ? "embed" : "head", gradient);

    /// <summary>A stage that needs nothing but the residual stream, in the caller's grad mode: h [t, d] → [t, d]. The caller's scope owns the result.</summary>
    internal Tensor Run(PassStage stage, Tensor h, long batch) => stage.Kind switch
    {
        StageKind.Attention => blocks[stage.Block].Attend(h, batch),
        StageKind.FeedForward => blocks[stage.Block].FeedForward(h),
        StageKind.FinalNorm => finalNorm.Forward(h),
        _ => throw new InvalidOperationException($"{stage} needs more than the residual stream"),
    };

    /// <summary>The MoE layer of a block that has one.</summary>
    internal MoeLayer Moe(int block) => blocks[block].Moe;
}
