using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;
using MoeActors.Host.Diagnostics;

namespace MoeActors.Host.Tests.Configuration;

public sealed class ReferenceTests
{
    private static readonly SettingsLayer Reference = Presets.Reference("/");

    [Fact]
    public void Every_key_of_the_reference_is_read_and_every_key_read_is_in_the_reference()
    {
        var reader = new SettingsReader(Reference.Values);
        RuntimeSettings.Read(reader);
        RunSpecReader.Read(reader, "id", bfloat16: false);
        // Preset and blocks are read before the layers are merged.
        Assert.Equal(Reference.Values.Keys.Order(StringComparer.Ordinal), reader.KeysRead.Append("preset").Append("block").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_key_of_the_reference_has_a_comment()
    {
        using var file = new StreamReader(typeof(Presets).Assembly.GetManifestResourceStream("hocon/moe.conf")!);
        var bare = new List<string>();
        bool described = false;
        foreach (string line in file.ReadToEnd().Split('\n').Select(l => l.Trim()))
        {
            // A comment speaks for all lines that follow it without a gap, that of a section for its first lines too.
            described = line.StartsWith('#') || (described && line.Length > 0);
            if (line.Contains('=', StringComparison.Ordinal) && !described)
            {
                bare.Add(line);
            }
        }

        Assert.Empty(bare);
    }

    [Fact]
    public void The_reference_has_the_defaults_of_the_records()
    {
        RunSpec read = RunSpecReader.Read(new SettingsReader(Reference.Values), "id", bfloat16: false);
        var plain = new RunSpec
        {
            RunId = "id",
            Model = new ModelSpec
            {
                Name = "small",
                Context = 64,
                Layers = 4,
                Hidden = 128,
                Heads = 4,
                KvHeads = 4,
                FeedForward = 512,
                Moe = new MoeSpec { Experts = 8, TopK = 2, ExpertHidden = 256 },
            },
            Layout = new LogicalLayout { Ranks = 3, ExpertParallel = 3 },
            Training = new TrainingSpec { Steps = 2000, GlobalBatch = 12 },
            Data = new DataSpec { Paths = [] },
            Recovery = new RecoverySpec(),
        };
        Assert.Equal(plain.ToJson(), read.ToJson());
    }

    [Fact]
    public void Every_key_that_sounds_like_a_secret_is_known_as_one() =>
        Assert.DoesNotContain(Reference.Values.Keys, k => SecretKeys.Match(k, number: false) && !SecretSettings.Guards(k) && k is not ("generation.tokens" or "model.kv-heads"));

    [Fact]
    public void There_are_the_six_presets() =>
        Assert.Equal(["gpt-125m-8e", "gpt-350m-16e", "mixtral-8x7b", "olmoe-1b-7b", "small", "tiny"], Presets.Names);

    [Fact]
    public void Every_variant_of_blocks_goes_with_the_presets_that_are_trained_here()
    {
        Assert.Equal(["scmoe", "scmoe-2", "shared-expert", "top-1", "top-2", "top-3"], Presets.Blocks);
        foreach (string block in Presets.Blocks)
        {
            foreach (string preset in (string[])["tiny", "small", "gpt-125m-8e"])
            {
                RunSpec run = SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", [preset], "--preset"), new SettingOverride("block", [block], "--block")], WorkingFolder = "/" }).Run;
                Assert.Equal(block.StartsWith("scmoe", StringComparison.Ordinal), run.Model.Block.Kind == BlockKind.ScMoe);
                Assert.True(run.Model.MoeLayers().Count > 0);
            }
        }
    }

    [Theory]
    [InlineData("tiny")]
    [InlineData("small")]
    [InlineData("gpt-125m-8e")]
    [InlineData("gpt-350m-16e")]
    [InlineData("olmoe-1b-7b")]
    [InlineData("mixtral-8x7b")]
    public void A_preset_is_valid_and_named_like_its_file(string preset)
    {
        MoeSettings settings = SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", [preset], "--preset")], WorkingFolder = "/" });
        settings.Run.Validate();
        Assert.Equal(preset, settings.Run.Model.Name);
        Assert.Empty(settings.Notes);
    }
}
