using System.Text.Json;

using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Reports;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Configuration;

namespace MoeActors.Host.Tests.Runs;

/// <summary>Runs that are finished, made longer, or begun from others.</summary>
public sealed class LongerRunTests : IDisposable
{
    private readonly Samples samples = new();
    private readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        samples.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void The_record_says_from_what_to_what_after_which_step_by_whom_and_when()
    {
        RunSpec recorded = samples.Load(null, "preset=tiny", "training.steps=60").Run;
        RunSpec asked = recorded with { Training = recorded.Training with { Steps = 100, ScheduleSteps = 60 } };
        RunSpec longer = LongerRun.Extend(recorded, asked, 60, DateTimeOffset.UnixEpoch, "ada@host");
        RunExtension e = Assert.Single(RunSpec.FromJson(longer.ToJson()).Extensions!);
        Assert.Equal((60L, 60, 100, "ada@host", DateTimeOffset.UnixEpoch), (e.After, e.From, e.To, e.By, e.At));
        Assert.Equal(recorded.Training, e.Before);
        Assert.Equal("the run was given 100 steps instead of 60, after step 60, by ada@host", LongerRun.Sentence(e));
    }

    [Fact]
    public void Updates_before_an_extension_are_computed_again_as_they_were()
    {
        RunSpec recorded = samples.Load(null, "preset=tiny", "training.steps=60").Run;
        RunSpec asked = recorded with { Training = recorded.Training with { Steps = 100, LearningRate = 0.5 } };
        RunSpec longer = LongerRun.Extend(recorded, asked, 40, DateTimeOffset.UnixEpoch, "ada@host");
        RunSpec twice = LongerRun.Extend(longer, longer with { Training = longer.Training with { Steps = 120, LearningRate = 0.25 } }, 90, DateTimeOffset.UnixEpoch, "ada@host");
        Assert.Equal(
            [recorded.Training.LearningRate, recorded.Training.LearningRate, 0.5, 0.5, 0.25],
            new long[] { 1, 40, 41, 90, 91 }.Select(u => twice.TrainingAt(u).LearningRate));
    }

    [Fact]
    public void A_run_without_a_report_of_its_end_is_not_finished()
    {
        RunSpec recorded = samples.Load(null, "preset=tiny").Run;
        Assert.Null(FinishedRun.Find(recorded, folder.Path, new ObjectStoreOptions()));
        File.WriteAllText(folder.File("report.json"), "{}");
        Assert.Null(FinishedRun.Find(recorded, folder.Path, new ObjectStoreOptions()));
    }

    [Theory]
    [InlineData("model.hidden=128", "model.hidden = 128, but run")]
    [InlineData("model.moe.experts=8", "model.moe.experts = 8, but run")]
    public void Weights_of_another_shape_are_refused_in_one_line_that_names_the_first_difference(string change, string says)
    {
        RunSpec source = samples.Load(null, "preset=tiny").Run, other = samples.Load(null, "preset=tiny", change).Run;
        File.WriteAllText(folder.File(RunReports.RecordName), source.ToJson());
        var refused = Assert.Throws<CommandException>(() => WeightSource.Find(folder.Path, null, other.Model, "", new ObjectStoreOptions(), _ => { }));
        Assert.Equal(ExitCodes.Configuration, refused.ExitCode);
        Assert.StartsWith(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_a_sound_checkpoint_lends_no_weights()
    {
        RunSpec source = samples.Load(null, "preset=tiny").Run;
        File.WriteAllText(folder.File(RunReports.RecordName), source.ToJson());
        Assert.Contains(
            "holds no sound checkpoint to take weights from",
            Assert.Throws<MoeActors.Compute.Checkpoints.Format.CheckpointException>(() => WeightSource.Find(folder.Path, null, source.Model, "", new ObjectStoreOptions(), _ => { })).Message, StringComparison.Ordinal);
    }
}
