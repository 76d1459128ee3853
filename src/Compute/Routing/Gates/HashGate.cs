using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>
/// Hash layer (Roller et al. 2021): a token id goes to the same k experts for ever, another k in every block. Each run of N ids is dealt out once around the experts, from a random
/// place, so that all have as many ids; the weight is 1/k. Nothing is trained.
/// </summary>
/// <param name="moe">k, experts.</param>
public sealed class HashGate(MoeSpec moe) : IGate
{
    /// <summary>What it is.</summary>
    public static GateInfo Description { get; } = new("hash", "experts of a token id by a fixed balanced table, one for each block; weight 1/k", "Hash layers 2106.04426") { Trains = "" };

    /// <inheritdoc/>
    public GateInfo Info => Description;

    /// <inheritdoc/>
    public IEnumerable<ParameterShape> Parameters(ModelSpec model, int block)
    {
        SpecException.Require(moe.TopK <= moe.Experts, "model.moe.top-k", moe.TopK, $"at most model.moe.experts = {moe.Experts}");
        return [];
    }

    /// <inheritdoc/>
    public GateOutput Route(in GateInput input)
    {
        int tokens = (int)input.Rows.size(0), k = moe.TopK;
        ArgumentOutOfRangeException.ThrowIfNotEqual(input.Tokens.Count, tokens, nameof(input));
        int[] token = new int[tokens * k], expert = new int[token.Length];
        float[] share = new float[tokens * moe.Experts];
        for (int t = 0; t < tokens; t++)
        {
            for (int j = 0; j < k; j++)
            {
                int e = Expert(input.Block, input.Tokens[t], j);
                (token[(t * k) + j], expert[(t * k) + j]) = (t, e);
                share[(t * moe.Experts) + e] = 1f / k;
            }
        }

        using DisposeScope scope = NewDisposeScope();
        ScalarType dtype = input.Rows.dtype;
        Tensor shares = tensor(share).view(tokens, moe.Experts).to(dtype).to(input.Rows.device);
        var choices = new Choices(tokens, token, expert, [.. Enumerable.Repeat(1f / k, token.Length)]);
        Tensor weights = ones(token.Length, dtype, input.Rows.device).Over(k);
        return new GateOutput(zeros_like(shares).MoveToOuterDisposeScope(), shares.MoveToOuterDisposeScope(), weights.MoveToOuterDisposeScope(), choices);
    }

    /// <summary>PURE: the <paramref name="j"/>-th expert of a token id in a block.</summary>
    public int Expert(int block, int id, int j)
    {
        // Each run of N ids is dealt out once around, from a place of its own.
        ulong turn = SplitMix64.Next(((ulong)block << 32) + (ulong)(id / moe.Experts)) % (ulong)moe.Experts;
        return (int)((turn + (ulong)(id % moe.Experts) + (ulong)j) % (ulong)moe.Experts);
    }
}
