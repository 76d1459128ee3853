using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Bench.Cases;

/// <summary>Optimizer state of 50 M parameters, updated by the real AdamW pass block by block, and room for one copy of master, m and v.</summary>
internal sealed unsafe class OptimizerBlocks : IDisposable
{
    private readonly Tensor weights, gradient, copy;
    private readonly OptimizerShard[] blocks;
    private readonly Tensor[] gradients;
    private long step;

    /// <param name="block">Elements of a block, one after the other.</param>
    public OptimizerBlocks(int block)
    {
        var model = new ModelSpec
        {
            Name = "snapshot-copy",
            Context = 64,
            Layers = 1,
            Hidden = 512,
            Heads = 8,
            KvHeads = 8,
            FeedForward = 2048,
            Moe = new MoeSpec { Experts = 16, TopK = 2, ExpertHidden = 2048 },
        };
        ParameterLayout layout = ParameterLayout.Experts(model, 0, 0, 16);
        Count = layout.Total / block * block;
        weights = zeros(layout.Total);
        gradient = zeros(layout.Total).Fill(1e-3f);
        copy = zeros(3 * Count);
        MemoryTuning.AdviseHugePages(copy);
        blocks = [.. Enumerable.Range(0, (int)(Count / block)).Select(i => new OptimizerShard(layout, (long)i * block, block, weights, Precision.Float32))];
        gradients = [.. blocks.Select(b => gradient.narrow(0, b.Begin, b.Count))];
    }

    /// <summary>Parameters.</summary>
    public long Count { get; }

    /// <summary>Bytes of a copy.</summary>
    public long Bytes => 3 * sizeof(float) * Count;

    /// <summary>One update of all blocks; where it <paramref name="copies"/>, each block's new state right after it.</summary>
    public void Update(bool copies)
    {
        var rates = new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, ++step);
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i].Update(gradients[i], rates);
            if (copies)
            {
                Copy(blocks[i]);
            }
        }
    }

    /// <summary>Copies all blocks.</summary>
    public void Copy() => Array.ForEach(blocks, Copy);

    public void Dispose()
    {
        Array.ForEach(blocks, b => b.Dispose());
        Array.ForEach(gradients, g => g.Dispose());
        weights.Dispose();
        gradient.Dispose();
        copy.Dispose();
    }

    private void Copy(OptimizerShard block)
    {
        float* to = TensorMemory.Pointer<float>(copy);
        int slot = 0;
        foreach (Tensor state in (Tensor[])[block.Master, block.First, block.Second])
        {
            long bytes = block.Count * sizeof(float);
            Buffer.MemoryCopy(TensorMemory.Pointer<float>(state), to + (slot++ * Count) + block.Begin, bytes, bytes);
        }
    }
}
