using MoeActors.Actors.Cluster;
using MoeActors.Compute.Models;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class LineageTests
{
    public static TheoryData<string, Func<RunSpec, RunSpec>> NoPartOfIt => new()
    {
        { "nodes", s => s with { Nodes = 4 } },
        { "checkpoint interval", s => s with { Checkpoint = new CheckpointSpec { Interval = 99, Keep = 7, KeepEvery = 2, Location = "s3://bucket/runs" } } },
        { "recovery", s => s with { Recovery = new RecoverySpec { Copies = 2 } } },
        { "evaluation interval", s => s with { Evaluation = new EvaluationSpec { Interval = 5 } } },
        { "where the same text lies", s => s with { Data = s.Data with { Paths = ["/elsewhere"] } } },
    };

    public static TheoryData<string, Func<RunSpec, RunSpec>> PartOfIt => new()
    {
        { "run", s => s with { RunId = "other" } },
        { "model", s => s with { Model = s.Model with { FeedForward = 49 } } },
        { "experts", s => s with { Model = s.Model with { Moe = s.Model.Moe with { TopK = 1 } } } },
        { "layout", s => s with { Layout = s.Layout with { ExpertParallel = 4 } } },
        { "chunk plan", s => s with { Layout = s.Layout with { ChunkRows = 3 } } },
        { "seed", s => s with { Training = s.Training with { Seed = 2 } } },
        { "precision", s => s with { Training = s.Training with { Precision = Precision.BFloat16 } } },
        { "matmul mode", s => s with { Training = s.Training with { Matmul = MatmulMode.Medium } } },
        { "text", s => s with { Data = s.Data with { CorpusHash = "other" } } },
        { "tokenizer", s => s with { Data = s.Data with { TokenizerHash = "other" } } },
        { "validation share", s => s with { Data = s.Data with { ValidationShare = 0.2 } } },
    };

    [Theory]
    [MemberData(nameof(NoPartOfIt))]
    public void What_does_not_change_the_arithmetic_is_no_part_of_the_lineage(string what, Func<RunSpec, RunSpec> change)
    {
        Assert.True(Lineage.Of(change(Specs.Run())) == Lineage.Of(Specs.Run()), what);
        Assert.Equal(RunKey.Of(Specs.Run()), RunKey.Of(change(Specs.Run())));
    }

    [Theory]
    [MemberData(nameof(PartOfIt))]
    public void What_changes_the_arithmetic_changes_the_lineage(string what, Func<RunSpec, RunSpec> change)
    {
        Assert.True(Lineage.Of(change(Specs.Run())) != Lineage.Of(Specs.Run()), what);
        Assert.NotEqual(RunKey.Of(Specs.Run()), RunKey.Of(change(Specs.Run())));
    }

    [Fact]
    public void It_survives_the_wire() => Assert.Equal(Lineage.Of(Specs.Run()), Lineage.Of(RunSpec.FromJson(Specs.Run().ToJson())));
}
