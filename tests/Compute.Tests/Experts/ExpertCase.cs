using MoeActors.Compute.Experts;
using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Experts;

/// <summary>One expert shard (experts 2 and 3 of 4, ranks 0 and 1 as sources) with chunks to feed it and an autograd reference.</summary>
internal sealed class ExpertCase : IDisposable
{
    public static readonly LogicalLayout Layout = new() { Ranks = 2, ExpertParallel = 2 };

    // Both sources, two chunks from rank 0 in micro-batch 0, an empty one, an expert without rows.
    public static readonly (ChunkKey Key, ExpertSegment[] Segments)[] Chunks =
    [
        (new ChunkKey(0, 0, 0, 2), [new ExpertSegment(2, 5), new ExpertSegment(3, 9)]),
        (new ChunkKey(0, 0, 1, 2), [new ExpertSegment(3, 17)]),
        (new ChunkKey(0, 1, 0, 1), []),
        (new ChunkKey(1, 0, 0, 1), [new ExpertSegment(2, 1)]),
        (new ChunkKey(1, 1, 0, 1), [new ExpertSegment(2, 20), new ExpertSegment(3, 2)]),
    ];

    public ExpertCase(BlockStyle style, int hidden, int expertHidden, ScalarType type)
    {
        Spec = Model(style, hidden, expertHidden);
        Type = type;
        Parameters = ParameterLayout.Experts(Spec, 1, 2, 2);
        Weights = zeros(Parameters.Total, dtype: type);
        foreach (ParameterEntry e in Parameters.Entries)
        {
            using Tensor view = Parameters.View(Weights, e), values = Values.Normal((int)e.Offset, ScalarType.Float64, e.Shape), scaled = values.Times(0.3);
            view.copy_(scaled);
        }

        Compute = new ChunkServer(new ExpertBank(Spec, Layout, 1, 1, Parameters, Weights), Layout, 0);
    }

    public ModelSpec Spec { get; }

    public ScalarType Type { get; }

    public ParameterLayout Parameters { get; }

    public Tensor Weights { get; }

    public ChunkServer Compute { get; }

    public ScalarType GradientType => Type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    public static ModelSpec Model(BlockStyle style, int hidden, int expertHidden) => new()
    {
        Name = "test",
        Style = style,
        Context = 8,
        Layers = 2,
        Hidden = hidden,
        Heads = 1,
        KvHeads = 1,
        FeedForward = 8,
        Moe = new MoeSpec { Experts = 4, TopK = 2, ExpertHidden = expertHidden },
    };

    public Tensor X(int chunk) => Values.Normal(100 + chunk, Type, Chunks[chunk].Segments.Sum(s => s.Rows), Spec.Hidden);

    public Tensor Dy(int chunk) => Values.Normal(200 + chunk, Type, Chunks[chunk].Segments.Sum(s => s.Rows), Spec.Hidden);

    /// <summary>Outputs, input gradients and the flat gradient by the shard, forward in one order and backward in another.</summary>
    public (Tensor[] Y, Tensor[] Dx, Tensor Gradient) Run(int[] forward, int[] backward)
    {
        Tensor[] y = new Tensor[Chunks.Length], dx = new Tensor[Chunks.Length];
        foreach (int c in forward)
        {
            y[c] = Compute.Forward(Chunks[c].Key, X(c), Chunks[c].Segments);
        }

        Tensor gradient = zeros(Parameters.Total, dtype: GradientType);
        foreach (int c in backward)
        {
            dx[c] = Compute.Backward(Chunks[c].Key, Dy(c));
            while (Compute.AccumulateNext(gradient))
            {
            }
        }

        return (y, dx, gradient);
    }

    /// <summary>The same by autograd in the given type.</summary>
    public (Tensor[] Y, Tensor[] Dx, Tensor Gradient) Reference(ScalarType type)
    {
        Tensor flat = Weights.to(type, copy: true).requires_grad_();
        Tensor[] y = new Tensor[Chunks.Length], dx = new Tensor[Chunks.Length];
        for (int c = 0; c < Chunks.Length; c++)
        {
            Tensor x = X(c).to(type, copy: true).requires_grad_();
            var parts = new List<Tensor> { zeros(0, Spec.Hidden, dtype: type) };
            long begin = 0;
            foreach (ExpertSegment s in Chunks[c].Segments)
            {
                parts.Add(Ffn(flat, s.Expert, x.narrow(0, begin, s.Rows)));
                begin += s.Rows;
            }

            y[c] = cat(parts, 0);
            if (begin > 0)
            {
                y[c].backward(new[] { Dy(c).to(type) });
            }

            dx[c] = x.grad ?? zeros_like(x);
        }

        return (y, dx, flat.grad!);
    }

    public void Dispose()
    {
        Compute.Dispose();
        Weights.Dispose();
    }

    private Tensor Ffn(Tensor flat, int expert, Tensor x)
    {
        Tensor P(string name) => Parameters.View(flat, Parameters.Entries.Single(e => e.Name == $"layers.1.experts.{expert}.{name}"));

        return Spec.Style == BlockStyle.Llama
            ? nn.functional.linear(nn.functional.silu(nn.functional.linear(x, P("w1"))) * nn.functional.linear(x, P("w3")), P("w2"))
            : nn.functional.linear(nn.functional.gelu(nn.functional.linear(x, P("w1"), P("b1"))), P("w2"), P("b2"));
    }
}
