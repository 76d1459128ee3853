using MoeActors.Compute.Experts;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Compute.Local;

/// <summary>
/// All expert shards of a layout in one process, and the exchange with them as plain calls: a pass's chunks queue up here and are answered in the
/// order they were sent. Replicas share one flat weight tensor, which is borrowed.
/// </summary>
internal sealed class LocalExperts : IDisposable
{
    private readonly LogicalLayout layout;
    private readonly ChunkServer[,,] shards; // [cut, position, group]

    public LocalExperts(ModelSpec model, LogicalLayout layout, ModelWeights weights)
    {
        this.layout = layout;
        IReadOnlyList<int> blocks = model.MoeLayers();
        shards = new ChunkServer[blocks.Count, layout.ExpertParallel, layout.Groups];
        for (int m = 0; m < blocks.Count; m++)
        {
            for (int p = 0; p < layout.ExpertParallel; p++)
            {
                for (int g = 0; g < layout.Groups; g++)
                {
                    UnitId unit = UnitId.Experts(blocks[m], p, g);
                    shards[m, p, g] = new ChunkServer(new ExpertBank(model, layout, blocks[m], p, weights.Units.LayoutOf(unit), weights.Of(unit)), layout, g);
                }
            }
        }
    }

    /// <summary>Runs a forward pass of <paramref name="rank"/>: to its last stage.</summary>
    public void Run(ForwardPass pass, int rank) =>
        Run(pass, sent => Shard(sent, rank).Bank.Forward(sent.Rows, sent.Chunk.Segments));

    /// <summary>Runs a training pass, forward and backward; weight gradients go into <paramref name="flatGradient"/>(MoE layer, position, group).</summary>
    public PassDriver Run(TrainingPass pass, int rank, int micro, Func<int, int, int, Tensor> flatGradient) => Run(pass, sent =>
    {
        ChunkServer shard = Shard(sent, rank);
        var key = new ChunkKey(micro, rank, sent.Chunk.Index, sent.Chunk.Count);
        if (sent.Kind == DispatchKind.Forward)
        {
            return shard.Forward(key, sent.Rows, sent.Chunk.Segments);
        }

        Tensor dx = shard.Backward(key, sent.Rows);
        Tensor gradient = flatGradient(sent.Cut, sent.Chunk.Position, layout.GroupOf(rank));
        while (shard.AccumulateNext(gradient))
        {
        }

        return dx;
    });

    /// <summary>Frees what a step left; throws where a weight gradient was never added (ST-2).</summary>
    public void EndStep()
    {
        foreach (ChunkServer shard in shards)
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
        foreach (ChunkServer shard in shards)
        {
            shard.Discard();
        }
    }

    public void Dispose()
    {
        foreach (ChunkServer shard in shards)
        {
            shard.Dispose();
        }
    }

    private static PassDriver Run(ForwardPass pass, Func<SentChunk, Tensor> answer)
    {
        using var queue = new ChunkQueue();
        var driver = new PassDriver(pass, queue);
        driver.Begin();
        while (queue.TryTake(out SentChunk? sent))
        {
            driver.Arrived(sent.Kind, sent.Cut, new ChunkAddress(sent.Chunk.Position, sent.Chunk.Index), answer(sent));
        }

        return driver.Done ? driver : throw new InvalidOperationException("ST-2: a pass waits for chunks that it did not send");
    }

    private ChunkServer Shard(SentChunk sent, int rank) => shards[sent.Cut, sent.Chunk.Position, layout.GroupOf(rank)];
}
