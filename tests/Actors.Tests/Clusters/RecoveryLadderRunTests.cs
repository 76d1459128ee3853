using MoeActors.Actors.Cluster.Journal;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>What is damaged falls down the ladder: one bad entry alone, a bad dense part with its checkpoint; where nothing is left the run ends with a sentence (CK-1).</summary>
public sealed class RecoveryLadderRunTests
{
    [Fact]
    public async Task A_damaged_full_checkpoint_is_passed_over_and_the_run_still_ends_bitwise_as_undisturbed()
    {
        await using TestCluster whole = await TestCluster.StartAsync(1);
        RunSpec spec = TestRuns.Spec(whole.Folder, steps: 10, nodes: 1, s => s with { Checkpoint = new CheckpointSpec { Interval = 3, Keep = 100 } });
        Assert.Equal("completed", await whole.TrainAsync(spec));

        (RecordedRun run, _) = await ResumedAsync(spec, stopAfter: 6, newest => newest.Entries.First(e => e.Expert == 2));
        Assert.Equal(whole.Run.Last!.WeightsHash, run.Last!.WeightsHash);
        Assert.Equal(whole.Run.Last.StateHash, run.Last.StateHash);
        Assert.Contains(run.Notes, n => n.Contains("newer ones are damaged", StringComparison.Ordinal) && n.Contains("altered", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_expert_of_a_partial_checkpoint_falls_to_its_older_version_alone()
    {
        RunSpec spec = Partial();
        (RecordedRun run, long first) = await ResumedAsync(spec, stopAfter: 9, newest => newest.Entries.First(e => e.Expert == 2 && e.Slot == Slots.First));
        Assert.Contains(run.Notes, n => n.Contains("1 experts from older versions", StringComparison.Ordinal));
        Assert.Equal(first, run.Steps.Keys.First());
    }

    [Fact]
    public async Task A_damaged_dense_part_takes_its_checkpoint_with_it()
    {
        RunSpec spec = Partial();
        (RecordedRun run, long first) = await ResumedAsync(spec, stopAfter: 9, newest => newest.Entries.First(e => e.Expert < 0));
        Assert.True(run.Steps.Keys.First() < first, $"began at {run.Steps.Keys.First()}, not before {first}");
        Assert.Contains(run.Notes, n => n.Contains("newer ones are damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_nothing_is_left_the_run_ends_with_a_sentence_that_names_the_file()
    {
        string folder = Directory.CreateTempSubdirectory("moe-ladder-").FullName;
        try
        {
            RunSpec spec = await StoppedAsync(folder, TestRuns.Spec(folder, steps: 10, nodes: 2, s => s with { Checkpoint = new CheckpointSpec { Interval = 3, Keep = 100 } }), 6);
            await using var cluster = new TestCluster(folder);
            foreach (Manifest manifest in PartialCheckpointTests.Store(cluster).List().Valid)
            {
                Flip(cluster, manifest.Entries[0]);
            }

            await cluster.AddNodesAsync(2);
            string outcome = await cluster.TrainAsync(spec, resume: true);
            Assert.StartsWith("failed: no checkpoint of ", outcome, StringComparison.Ordinal);
            Assert.Contains(".safetensors", outcome, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static RunSpec Partial()
    {
        using var folder = new Folder();
        return TestRuns.Spec(folder.Path, steps: 14, nodes: 2, s => s with
        {
            Checkpoint = new CheckpointSpec { Interval = 2, Keep = 100, Mode = CheckpointMode.Partial, KPersist = 2, KSnapshot = 2, DynamicK = false, Asynchronous = false },
        });
    }

    private static async Task<(RecordedRun Run, long First)> ResumedAsync(RunSpec spec, long stopAfter, Func<Manifest, CheckpointEntry> damages)
    {
        string folder = Directory.CreateTempSubdirectory("moe-ladder-").FullName;
        try
        {
            spec = await StoppedAsync(folder, TestRuns.Spec(folder, spec.Training.Steps, nodes: 2, s => s with { Checkpoint = spec.Checkpoint }), stopAfter);
            await using var cluster = new TestCluster(folder);
            Manifest newest = PartialCheckpointTests.Store(cluster).Newest()!;
            if (spec.Checkpoint.Mode == CheckpointMode.Partial)
            {
                // The stop's own checkpoint is complete: take it away, as a crash would.
                File.Delete(Path.Combine(cluster.RunFolder, "checkpoints", CheckpointPaths.ManifestName(newest.Step)));
                newest = PartialCheckpointTests.Store(cluster).Newest()!;
            }

            Flip(cluster, damages(newest));
            await cluster.AddNodesAsync(2);
            Assert.Equal("completed", await cluster.TrainAsync(spec, resume: true));
            return (cluster.Run, newest.Step);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<RunSpec> StoppedAsync(string folder, RunSpec spec, long stopAfter)
    {
        await using var cluster = new TestCluster(folder);
        await cluster.AddNodesAsync(2);
        cluster.Run.OnStep = s =>
        {
            if (s.Step == stopAfter)
            {
                cluster.Stop();
            }
        };
        Assert.Equal("stopped", await cluster.TrainAsync(spec));
        return spec;
    }

    private static void Flip(TestCluster cluster, CheckpointEntry entry)
    {
        using FileStream file = File.Open(Path.Combine(cluster.RunFolder, "checkpoints", entry.File), FileMode.Open);
        file.Position = entry.Offset + (entry.Bytes / 2);
        int value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 0x10));
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("moe-spec-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
