using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>
/// One expert as matrices over the flat weights: "up" projections side by side (W1 and W3 of SwiGLU, W1 of GELU), the "down" projection W2 and the biases.
/// W1 and W3 lie next to each other in the layout, so they multiply as one [2f, d] matrix; only where alignment has parted them (f·d no
/// multiple of 32) they are two.
/// </summary>
internal sealed class ExpertWeights : IDisposable
{
    private readonly List<Block> blocks;

    public ExpertWeights(ParameterLayout layout, int expert, BlockStyle style, Tensor flatWeights)
    {
        ParameterEntry Find(string name) => layout.Entries.First(e => e.Expert == expert && e.Name.EndsWith("." + name, StringComparison.Ordinal));

        ParameterEntry w1 = Find("w1");
        blocks = style == BlockStyle.Llama ? Join(w1, Find("w3")) : [new Block(w1.Offset, w1.Shape, 0)];
        Down = new Block(Find("w2").Offset, Find("w2").Shape, 0);
        if (style == BlockStyle.Gpt2)
        {
            UpBias = new Block(Find("b1").Offset, Find("b1").Shape, 0);
            DownBias = new Block(Find("b2").Offset, Find("b2").Shape, 0);
        }

        foreach (Block block in All())
        {
            block.Attach(flatWeights);
        }
    }

    /// <summary>The up projections, in column order of u.</summary>
    public IReadOnlyList<Block> Up => blocks;

    /// <summary>W2 [d, f].</summary>
    public Block Down { get; }

    /// <summary>b1 [f]; null for SwiGLU.</summary>
    public Block? UpBias { get; }

    /// <summary>b2 [d]; null for SwiGLU.</summary>
    public Block? DownBias { get; }

    public void Dispose()
    {
        foreach (Block block in All())
        {
            block.Dispose();
        }
    }

    private IEnumerable<Block> All() => new[] { Down, UpBias, DownBias }.OfType<Block>().Concat(blocks);

    private static List<Block> Join(ParameterEntry w1, ParameterEntry w3) =>
        w3.Offset == w1.Offset + w1.Count
            ? [new Block(w1.Offset, [w1.Shape[0] + w3.Shape[0], w1.Shape[1]], 0)]
            : [new Block(w1.Offset, w1.Shape, 0), new Block(w3.Offset, w3.Shape, w1.Shape[0])];

    /// <summary>A shaped range of the flat tensors: the weights' views are kept, a gradient's is made when needed.</summary>
    /// <param name="offset">First element in the flat tensor.</param>
    /// <param name="shape">Shape of the view.</param>
    /// <param name="column">First column of u it produces.</param>
    internal sealed class Block(long offset, long[] shape, long column) : IDisposable
    {
        /// <summary>First column of u this matrix produces.</summary>
        public long Column { get; } = column;

        /// <summary>Number of columns it produces.</summary>
        public long Width => shape[0];

        /// <summary>The weights [out, in] or the bias [out].</summary>
        public Tensor Value { get; private set; } = null!;

        /// <summary>The weights as [in, out].</summary>
        public Tensor Transposed { get; private set; } = null!;

        public void Attach(Tensor flatWeights)
        {
            Value = In(flatWeights).DetachFromDisposeScope();
            Transposed = Value.t().DetachFromDisposeScope();
        }

        /// <summary>The same range of another flat tensor; the caller disposes the view.</summary>
        public Tensor In(Tensor flat)
        {
            using Tensor range = flat.narrow(0, offset, shape.Aggregate(1L, (a, b) => a * b));
            return range.view(shape);
        }

        public void Dispose()
        {
            Transposed.Dispose();
            Value.Dispose();
        }
    }
}
