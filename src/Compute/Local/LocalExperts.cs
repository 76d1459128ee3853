using MoeActors.Compute.Experts;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Local;

/// <summary>
/// All expert shards of a layout in one process, and the drive of a pass through them: what the exchange does between actors, as plain
/// calls. Replicas share one flat weight tensor, which is borrowed.
/// </summary>
internal sealed class LocalExperts : IDisposable
{
    private readonly LogicalLayout layout;
    private readonly ExpertShardCompute[,,] shards; // [MoE layer, position, group]

    public LocalExperts(ModelSpec model, LogicalLayout layout, UnitOrder units, Func<int, int, Tensor> flatWeights)
    {
        this.layout = layout;
        IReadOnlyList<int> layers = model.MoeLayers();
        shards = new ExpertShardCompute[layers.Count, layout.ExpertParallel, layout.Groups];
        for (int m = 0; m < layers.Count; m++)
        {
            for (int p = 0; p < layout.ExpertParallel; p++)
            {
                for (int g = 0; g < layout.Groups; g++)
                {
                    ParameterLayout parameters = units.LayoutOf(UnitId.Experts(layers[m], p, g));
                    shards[m, p, g] = new ExpertShardCompute(model, layout, layers[m], g, p, parameters, flatWeights(layers[m], p));
                }
            }
        }
    }

    /// <summary>Runs all segments of <paramref name="pass"/> up to the loss; returns the plans by MoE layer.</summary>
    public RoutingPlan[] Forward(RankPass pass, int rank, int micro, bool keep)
    {
        int group = layout.GroupOf(rank);
        var plans = new RoutingPlan[shards.GetLength(0)];
        for (int m = 0; m < plans.Length; m++)
        {
            plans[m] = pass.Route(m);
            Tensor rows = pass.DispatchRows(m);
            var answers = new List<Tensor>();
            foreach (DispatchChunk chunk in plans[m].Chunks)
            {
                Tensor x = rows.narrow(0, chunk.FirstRow, chunk.Rows).DetachFromDisposeScope();
                answers.Add(shards[m, chunk.Position, group].Forward(Key(chunk, rank, micro), x, chunk.Segments, keep));
            }

            pass.ReleaseRows(m);
            pass.ForwardShared(m);
            for (int c = 0; c < answers.Count; c++)
            {
                pass.Combine(m, plans[m].Chunks[c], answers[c]);
            }
        }

        return plans;
    }

    /// <summary>The way back from the loss; weight gradients go into <paramref name="flatGradient"/>(MoE layer, position, group).</summary>
    public void Backward(RankPass pass, RoutingPlan[] plans, int rank, int micro, Func<int, int, int, Tensor> flatGradient)
    {
        int group = layout.GroupOf(rank);
        pass.BackwardLoss();
        for (int m = plans.Length - 1; m >= 0; m--)
        {
            using (Tensor dY = pass.BackwardCombine(m))
            {
                foreach (DispatchChunk chunk in plans[m].Chunks)
                {
                    Tensor dy = dY.narrow(0, chunk.FirstRow, chunk.Rows).DetachFromDisposeScope();
                    pass.ReturnGradient(m, chunk, shards[m, chunk.Position, group].Backward(Key(chunk, rank, micro), dy));
                }
            }

            for (int p = 0; p < layout.ExpertParallel; p++)
            {
                while (shards[m, p, group].AccumulateNext(flatGradient(m, p, group)))
                {
                }
            }

            pass.BackwardSegment(m);
        }
    }

    /// <summary>Frees what a step left; throws where a weight gradient was never added (ST-2).</summary>
    public void EndStep()
    {
        foreach (ExpertShardCompute shard in shards)
        {
            int left = shard.Unaccumulated;
            shard.Discard();
            if (left != 0)
            {
                throw new InvalidOperationException($"ST-2: {left} chunks' weight gradients were not accumulated");
            }
        }
    }

    public void Discard()
    {
        foreach (ExpertShardCompute shard in shards)
        {
            shard.Discard();
        }
    }

    public void Dispose()
    {
        foreach (ExpertShardCompute shard in shards)
        {
            shard.Dispose();
        }
    }

    private static ChunkKey Key(DispatchChunk chunk, int rank, int micro) => new(micro, rank, chunk.Index, chunk.Count);
}
