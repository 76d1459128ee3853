using CsCheck;
using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;

namespace MoeActors.Compute.Tests.Models;

/// <summary>Where parameters lie in flat tensors.</summary>
public sealed class ParameterLayoutTests
{
    private static readonly Gen<ModelSpec> Models =
        from style in Gen.Enum<BlockStyle>()
        from tied in Gen.Bool
        from noisy in Gen.Bool
        from hidden in Gen.Int[1, 4]
        from width in Gen.Int[1, 70]
        from shared in Gen.Int[0, 2]
        from vocabulary in Gen.Int[2, 100]
        select TinyRun.Spec(style).Model with
        {
            Hidden = 16 * hidden,
            Heads = 1,
            KvHeads = 1,
            Vocabulary = vocabulary,
            TiedEmbedding = tied,
            FeedForward = width,
            Moe = new MoeSpec { Experts = 3, TopK = 1, ExpertHidden = width, NoisyGate = noisy, SharedExperts = shared, Every = 2 },
        };

    [Fact]
    public void Parameters_are_aligned_do_not_overlap_and_fill_the_group() => Models.Sample(model =>
    {
        foreach (ParameterLayout layout in new[] { ParameterLayout.Dense(model), ParameterLayout.Experts(model, 0, 1, 2) })
        {
            long end = 0;
            foreach (ParameterEntry entry in layout.Entries)
            {
                Assert.Equal(0, entry.Offset % ParameterLayout.Alignment);
                Assert.InRange(entry.Offset - end, 0, ParameterLayout.Alignment - 1);
                Assert.Equal(entry.Count, entry.Shape.Aggregate(1L, (a, b) => a * b));
                Assert.Equal(entry.Shape.Length == 2, entry.Decay);
                Assert.Same(entry, layout[entry.Name]);
                end = entry.Offset + entry.Count;
            }

            Assert.InRange(layout.Total - end, 0, ParameterLayout.Alignment - 1);
            Assert.Equal(0, layout.Total % ParameterLayout.Alignment);
        }
    });

    [Fact]
    public void Shards_cover_the_group_once_in_order_aligned_and_nearly_equal() => Gen.Select(Models, Gen.Int[1, 40]).Sample((model, of) =>
    {
        ParameterLayout layout = ParameterLayout.Dense(model);
        long next = 0;
        (long least, long most) = (long.MaxValue, 0);
        for (int i = 0; i < of; i++)
        {
            (long begin, long count) = layout.Shard(i, of);
            Assert.Equal(next, begin);
            Assert.Equal(0, count % ParameterLayout.Alignment);
            next = begin + count;
            (least, most) = (Math.Min(least, count), Math.Max(most, count));
        }

        Assert.Equal(layout.Total, next);
        Assert.InRange(most - least, 0, ParameterLayout.Alignment);
    });

    [Fact]
    public void More_shards_than_blocks_leave_the_last_ones_empty()
    {
        ModelSpec model = TinyRun.Spec().Model with { Moe = TinyRun.Moe with { ExpertHidden = 1 } };
        ParameterLayout layout = ParameterLayout.Experts(model, 0, 0, 1); // 3 matrices of 32
        Assert.Equal(96, layout.Total);
        Assert.Equal((64, 32), layout.Shard(2, 5));
        Assert.Equal((96, 0), layout.Shard(4, 5));
    }

    [Fact]
    public void Names_are_those_of_the_block_style()
    {
        string[] Of(BlockStyle style, MoeSpec moe) =>
            [.. ParameterLayout.Dense(TinyRun.Spec(style, moe).Model with { Layers = 2 }).Entries.Select(e => e.Name)];

        Assert.Equal(
            [
                "embed", "layers.0.attn_norm", "layers.0.attn.q", "layers.0.attn.k", "layers.0.attn.v", "layers.0.attn.o", "layers.0.ffn_norm",
                "layers.0.ffn.w1", "layers.0.ffn.w3", "layers.0.ffn.w2", "layers.1.attn_norm", "layers.1.attn.q", "layers.1.attn.k", "layers.1.attn.v",
                "layers.1.attn.o", "layers.1.ffn_norm", "layers.1.gate", "layers.1.shared.w1", "layers.1.shared.w3", "layers.1.shared.w2", "final_norm", "head",
            ],
            Of(BlockStyle.Llama, TinyRun.Moe with { SharedExperts = 1 }));
        string[] gpt2 = Of(BlockStyle.Gpt2, TinyRun.Moe with { NoisyGate = true });
        Assert.Contains("positions", gpt2);
        Assert.Contains("layers.0.attn.q.bias", gpt2);
        Assert.Contains("layers.0.ffn.b2", gpt2);
        Assert.Contains("layers.1.gate_noise", gpt2);
        Assert.Contains("final_norm.bias", gpt2);
        Assert.DoesNotContain("head", gpt2); // tied
        Assert.Equal(
            ["layers.5.experts.3.w1", "layers.5.experts.3.b1", "layers.5.experts.3.w2", "layers.5.experts.3.b2"],
            ParameterLayout.Experts(TinyRun.Spec(BlockStyle.Gpt2).Model, 5, 3, 1).Entries.Select(e => e.Name));
    }

    [Fact]
    public void A_view_shares_the_flat_tensors_memory()
    {
        ParameterLayout layout = ParameterLayout.Dense(TinyRun.Spec().Model);
        ParameterEntry entry = layout["layers.1.attn.k"];
        using torch.Tensor flat = torch.zeros(layout.Total);
        using torch.Tensor view = layout.View(flat, entry);
        view.Fill(1);
        Assert.Equal(entry.Shape, view.shape);
        Assert.Equal(entry.Count, flat.sum().ToDouble());
        Assert.Equal(1, flat[entry.Offset].ToDouble());
        using torch.Tensor wrong = torch.zeros(layout.Total + 32);
        Assert.Throws<ArgumentException>(() => layout.View(wrong, entry));
    }
}
