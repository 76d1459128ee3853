using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class LineageTests
{
    public static TheoryData<string, Func<RunSpec, RunSpec>> NoPartOfIt => new()
    {
        { "nodes", s => s with { Nodes = 4 } },
        { "checkpoint interval", s => s with { Checkpoint = new CheckpointSpec { Interval = 99, Keep = 7, KeepEvery = 2, Location = "s3://bucket/runs" } } },
        { "recovery", s => s with { Recovery = new RecoverySpec { Copies = 2 } } },
        { "evaluation interval", s => s with { Evaluation = new EvaluationSpec { Interval = 5 } } },
        { "more steps", s => Longer(s, after: 4, to: 20) },
        { "more steps, twice", s => Longer(Longer(s, after: 4, to: 20), after: 15, to: 40) },
        { "where the same text lies", s => s with { Data = s.Data with { Paths = ["/elsewhere"] } } },
    };

    public static TheoryData<string, Func<RunSpec, RunSpec>> PartOfIt => new()
    {
        { "run", s => s with { RunId = "other" } },
        { "another schedule from some step on", s => Longer(s, after: 4, to: 20, t => t with { MinLearningRate = 3e-4 }) },
        { "steps of the schedule", s => s with { Training = s.Training with { ScheduleSteps = 5 } } },
        { "weights of another run", s => s with { Origin = new RunOrigin("other", 3, "w", "/runs/other") } },
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
    public void The_lineage_of_a_run_that_was_neither_made_longer_nor_begun_from_another_is_what_it_always_was()
    {
        Assert.Equal("083ff8d82a20a9458001ccd215d0e342", Lineage.Of(Specs.Run()));
        Assert.All(["origin", "extensions", "scheduleSteps"], key => Assert.DoesNotContain(key, Specs.Run().ToJson(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_whose_schedule_was_changed_goes_on_with_the_checkpoints_it_had_before_and_no_others()
    {
        RunSpec first = Specs.Run(), second = Longer(first, after: 4, to: 20, t => t with { MinLearningRate = 3e-4 }), third = Longer(second, after: 15, to: 40, t => t with { LearningRate = 1 });
        RunIdentity now = RunIdentity.Of(third);
        Assert.All([first, second, third], s => Assert.Null(now.Difference(RunIdentity.Of(s))));
        Assert.Equal("run record (lineage)", RunIdentity.Of(first).Difference(now)!.Value.What);
        RunSpec other = Longer(first, after: 4, to: 20, t => t with { MinLearningRate = 5e-4 });
        Assert.Equal("run record (lineage)", now.Difference(RunIdentity.Of(other))!.Value.What);
    }

    [Fact]
    public void Where_the_source_of_the_weights_lies_is_no_part_of_the_lineage()
    {
        RunSpec here = Specs.Run() with { Origin = new RunOrigin("other", 3, "w", "/runs/other") };
        Assert.Equal(Lineage.Of(here), Lineage.Of(here with { Origin = here.Origin! with { Folder = "/elsewhere" } }));
        Assert.NotEqual(Lineage.Of(here), Lineage.Of(here with { Origin = here.Origin with { WeightsHash = "v" } }));
    }

    [Fact]
    public void A_run_that_was_made_longer_survives_the_wire()
    {
        RunSpec longer = Longer(Specs.Run(), after: 4, to: 20, t => t with { MinLearningRate = 3e-4 });
        Assert.Equal(Lineage.Of(longer), Lineage.Of(RunSpec.FromJson(longer.ToJson())));
        Assert.Equal(longer.Extensions, RunSpec.FromJson(longer.ToJson()).Extensions);
    }

    private static RunSpec Longer(RunSpec spec, long after, int to, Func<TrainingSpec, TrainingSpec>? change = null)
    {
        TrainingSpec training = spec.Training with { Steps = to, ScheduleSteps = spec.Training.ScheduleSteps ?? spec.Training.Steps };
        return spec with
        {
            Training = change?.Invoke(training) ?? training,
            Extensions =
            [
                .. spec.Extensions ?? [],
                new RunExtension { After = after, From = spec.Training.Steps, To = to, At = DateTimeOffset.UnixEpoch, By = "me@here", Before = spec.Training },
            ],
        };
    }

    [Fact]
    public void It_survives_the_wire() => Assert.Equal(Lineage.Of(Specs.Run()), Lineage.Of(RunSpec.FromJson(Specs.Run().ToJson())));
}
