using System.Globalization;
using System.Text.RegularExpressions;

using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Tests.Checkpoints;
using MoeActors.Compute.Tests.Checkpoints.Storage;
using MoeActors.Host.Commands;
using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Integration.Tests;

/// <summary>The storage contract against a server that is not ours.</summary>
[Trait("Tier", "integration")]
public sealed class S3ContractTests(S3Server server) : StorageContract, IClassFixture<S3Server>
{
    /// <inheritdoc/>
    protected override ICheckpointStorage Open()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        return ObjectStorage.Open(S3Server.Fresh(), server.Options, writes: true);
    }

    [Fact]
    public void An_object_of_several_parts_is_stored_whole()
    {
        byte[] content = Noise((12 << 20) + 7);
        Write("step-00000001/a.safetensors", content);
        Assert.Equal(content, Storage.Read("step-00000001/a.safetensors")!.Content);
    }
}

/// <summary>Runs whose checkpoints lie in a bucket.</summary>
[Trait("Tier", "integration")]
public sealed class S3CheckpointTests(S3Server server) : IClassFixture<S3Server>
{
    private const int Steps = 24;

    [Fact]
    public void A_server_that_ignores_conditions_is_found_out_and_refused()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        string message = Assert.Throws<ObjectStoreException>(
            () => ObjectStorage.Open(S3Server.Fresh(), server.Options with { Conditions = ConditionalPut.Required }, writes: true)).Message;
        Assert.Contains("ignores conditional puts", message, StringComparison.Ordinal);
    }

    private static int StepOf(string line) =>
        Regex.Match(line, @"^step (\d+)/") is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : -1;

    [Fact]
    public void A_wrong_access_key_is_refused_and_not_repeated()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        using ObjectStorage storage = ObjectStorage.Open(S3Server.Fresh(), server.Options with { AccessKey = "wrong-9c1" }, writes: true);
        using var state = new SampleState(1);
        string message = Assert.Throws<CheckpointException>(() => state.Write(storage, 1, 1)).Message;
        Assert.Contains("checkpoint.s3.access-key", message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-9c1", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_trained_stopped_resumed_verified_and_sampled_with_its_checkpoints_in_a_bucket_and_ends_like_one_on_disk()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var world = new World();
        string config = world.File("s3.conf");
        await File.WriteAllTextAsync(
            config,
            $"checkpoint.storage = \"s3://moe/runs\"\ncheckpoint.s3.endpoint = \"{server.Options.Endpoint}\"\ncheckpoint.s3.access-key = S3RVER\ncheckpoint.s3.secret-key = S3RVER\ncheckpoint.s3.conditional-put = lock\n",
            TestContext.Current.CancellationToken);
        MoeProcess train = world.Start([.. world.Train(Steps, "checkpoint.interval=6", "checkpoint.keep=2"), "--config", config]);
        await train.SaysAsync(l => StepOf(l) >= 9, "a step from 9 on");
        train.Signal(NativeProcess.Interrupt);
        Assert.True((await train.EndedAsync()).Code == ExitCodes.Interrupted, train.Transcript);

        // How the bucket is reached stands in the run directory.
        MoeProcess resumed = world.Start(world.Resume("--nodes", "2"));
        Assert.True((await resumed.EndedAsync()).Code == ExitCodes.Ok, resumed.Transcript);
        Assert.False(Directory.Exists(Path.Combine(world.Run, "checkpoints")));

        Ended listed = await world.RunAsync("checkpoint", "list", world.Run);
        Assert.True(listed.Code == ExitCodes.Ok, listed.Error);
        Assert.Equal(["step", "24"], listed.Output.Split('\n').Select(l => l.Split(' ')[0]).Take(2));
        Ended verified = await world.RunAsync("checkpoint", "verify", world.Run);
        Assert.All(verified.Output.TrimEnd().Split('\n'), l => Assert.EndsWith(": sound", l, StringComparison.Ordinal));
        Ended generated = await world.RunAsync("generate", world.Run, "--tokens", "5");
        Assert.True(generated.Code == ExitCodes.Ok, generated.Error);
        Ended pruned = await world.RunAsync("checkpoint", "prune", world.Run, "--keep", "1");
        Assert.Contains(": goes: older than the 1 newest sound checkpoints", pruned.Output, StringComparison.Ordinal);
        listed = await world.RunAsync("checkpoint", "list", world.Run);
        Assert.Equal(["step", "24"], listed.Output.TrimEnd().Split('\n').Select(l => l.Split(' ')[0]));
        Ended exported = await world.RunAsync("checkpoint", "export", world.Run, "--out", world.File("out"));
        Assert.True(exported.Code == ExitCodes.Ok, exported.Error);
        Assert.True(File.Exists(Path.Combine(world.File("out"), "model.safetensors")));

        string alone = world.File("alone");
        Ended undisturbed = await world.RunAsync(World.TrainWith(
            [("--preset", "tiny"), ("--data", world.Text), ("--run-dir", alone), ("--steps", $"{Steps}"), ("--nodes", "1")], "checkpoint.interval=6"));
        Assert.True(undisturbed.Code == ExitCodes.Ok, undisturbed.Error);
        var record = new RunRecord(world.Run);
        var other = new RunRecord(alone);
        Assert.Equal(other.Report.Totals.WeightsHash, record.Report.Totals.WeightsHash);
        Assert.Equal(other.Report.Totals.StateHash, record.Report.Totals.StateHash);
        Assert.Equal(other.Report.Steps.Select(s => s.Loss), record.Report.Steps.Select(s => s.Loss));
        Assert.DoesNotContain(record.Report.Checkpoints, c => c.Bytes == 0);
        record.EverySampleContributedOnce(Steps);
        world.NothingIsLeft("alone", "out", "s3.conf");
    }
}
