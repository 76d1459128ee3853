using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Configuration;

public sealed class LayeringTests : IDisposable
{
    private readonly Samples samples = new();

    public void Dispose() => samples.Dispose();

    [Fact]
    public void Without_anything_the_small_preset_is_loaded()
    {
        MoeSettings settings = samples.Load();
        Assert.Equal("small", settings.Preset);
        Assert.Equal("small", settings.Run.Model.Name);
        Assert.Equal(3, settings.Run.Nodes);
        Assert.Empty(settings.Run.Data.Paths);
        Assert.Empty(settings.Runtime.Cluster.Join);
        Assert.Null(settings.Runtime.RunDirectory);
        Assert.Equal(TimeSpan.FromMilliseconds(250), settings.Runtime.Cluster.FailureDetector.HeartbeatInterval);
        Assert.Equal(256 * 1024, settings.Runtime.DataPlane.Piece);
    }

    [Fact]
    public void A_preset_wins_over_the_reference_a_file_over_the_preset_and_a_flag_over_the_file()
    {
        string file = samples.File("my.conf", "preset = tiny\ntraining {\n  steps = 70\n  seed = 8\n}\n");
        MoeSettings settings = samples.Load(file, "training.seed=9");
        Assert.Equal(2, settings.Run.Model.Layers);
        Assert.Equal(70, settings.Run.Training.Steps);
        Assert.Equal(9, settings.Run.Training.Seed);
        Assert.Equal(0.95, settings.Run.Training.Beta2);
        Assert.Equal("my.conf", settings.Values["training.steps"].Origin);
        Assert.Equal("--set", settings.Values["training.seed"].Origin);
        Assert.Equal("hocon/presets/tiny.conf", settings.Values["model.layers"].Origin);
    }

    [Fact]
    public void A_preset_on_the_command_line_wins_over_that_of_the_file() =>
        Assert.Equal("tiny", samples.Load(samples.File("my.conf", "preset = small\n"), "preset=tiny").Run.Model.Name);

    [Fact]
    public void A_preset_may_be_a_file()
    {
        samples.File("mine.conf", "model {\n  name = mine\n  layers = 1\n}\n");
        Assert.Equal(1, samples.Load(null, "preset=mine.conf").Run.Model.Layers);
    }

    [Fact]
    public void Items_of_a_list_may_be_quoted_on_the_command_line_as_in_a_file() =>
        Assert.Equal(
            ["node-2:60:backward", "node-1/1:*:recovery"],
            samples.Load(null, "faults.enabled=on", "faults.kill-points=[\"node-2:60:backward\", node-1/1:*:recovery]").Runtime.KillPoints);

    [Fact]
    public void Paths_of_a_file_start_at_its_folder_and_those_of_flags_at_the_current_one()
    {
        Directory.CreateDirectory(Path.Combine(samples.Folder, "sub"));
        string file = samples.File("sub/my.conf", "data.paths = [a.txt, \"b c.txt\"]\nrun-dir = runs/one\n");
        MoeSettings settings = samples.Load(file);
        Assert.Equal([Path.Combine(samples.Folder, "sub/a.txt"), Path.Combine(samples.Folder, "sub/b c.txt")], settings.Run.Data.Paths);
        Assert.Equal(Path.Combine(samples.Folder, "sub/runs/one"), settings.Runtime.RunDirectory);
        Assert.Equal([Path.Combine(samples.Folder, "x.txt")], samples.Load(file, "data.paths=x.txt").Run.Data.Paths);
    }

    [Fact]
    public void More_nodes_than_the_presets_ranks_give_a_rank_to_each_node_and_say_so()
    {
        MoeSettings settings = samples.Load(null, "nodes=4");
        Assert.Equal(4, settings.Run.Layout.Ranks);
        Assert.Equal(4, settings.Run.Layout.ExpertParallel);
        Assert.Contains("layout.ranks = 4 instead of 3", Assert.Single(settings.Notes));
        Assert.Equal(3, samples.Load(null, "nodes=2").Run.Layout.Ranks);
    }

    [Fact]
    public void Precision_auto_follows_the_machine_and_a_preset_may_fix_it()
    {
        SettingsRequest request = samples.Request(null, "preset=gpt-125m-8e") with { BFloat16 = true };
        Assert.Equal(Precision.BFloat16, SettingsLoader.Load(request).Run.Training.Precision);
        Assert.Equal(Precision.Float32, samples.Load(null, "preset=gpt-125m-8e").Run.Training.Precision);
        Assert.Equal(Precision.Float32, SettingsLoader.Load(samples.Request() with { BFloat16 = true }).Run.Training.Precision);
    }

    [Fact]
    public void What_a_supervisor_writes_for_its_nodes_is_what_they_load()
    {
        string file = samples.File("my.conf", "preset = tiny\nhttp.token = \"hush # \\\"x\\\" \\\\ ${y} 4711\"\nhttp.token-file = \"\"\nfaults.enabled = on\nfaults.kill-points = [\"node-1:7:update\"]\n");
        samples.File("cert.pfx", "");
        MoeSettings settings = samples.Load(file, "cluster.tls.certificate=cert.pfx", "cluster.tls.password=a\"b\\c");
        string run = Directory.CreateDirectory(Path.Combine(samples.Folder, "r \"1\"")).FullName;
        MoeSettings node = samples.Load(NodeConfig.Write(settings, run, "se\"cret\\ ${z} hush"));
        Assert.Equal("se\"cret\\ ${z} hush", node.Runtime.Cluster.Secret);
        Assert.Equal(settings.Runtime.Http, node.Runtime.Http);
        Assert.Equal(settings.Runtime.Cluster.Tls, node.Runtime.Cluster.Tls);
        Assert.Equal(settings.Runtime.KillPoints, node.Runtime.KillPoints);
        Assert.Equal(run, node.Runtime.NodeDirectory);
    }

    [Fact]
    public void Going_on_with_a_run_keeps_its_record_but_for_the_nodes()
    {
        RunSpec recorded = samples.Load(null, "preset=tiny", "training.seed=5").Run;
        MoeSettings settings = SettingsLoader.LoadForRun(samples.Request(null, "nodes=2", "http.enabled=off"), recorded, "run.json");
        Assert.Equal((recorded with { Nodes = 2 }).ToJson(), settings.Run.ToJson());
        Assert.False(settings.Runtime.Http.Enabled);
        Assert.Equal(recorded.ToJson(), SettingsLoader.LoadForRun(samples.Request(), recorded, "run.json").Run.ToJson());
    }

    [Fact]
    public void Going_on_with_a_run_refuses_to_change_its_record()
    {
        RunSpec recorded = samples.Load(null, "preset=tiny").Run;
        string message = Assert.Throws<SettingsException>(() => SettingsLoader.LoadForRun(samples.Request(null, "training.seed=6"), recorded, "run.json")).Message;
        Assert.Equal("--set: training.seed is fixed by the run's record run.json; expected a new run to change it", message);
    }

    [Fact]
    public void Going_on_with_more_steps_keeps_the_recorded_schedule_unless_it_is_named()
    {
        RunSpec recorded = samples.Load(null, "preset=tiny", "training.steps=60").Run;
        TrainingSpec longer = SettingsLoader.LoadForRun(samples.Request(null, "training.steps=100"), recorded, "run.json").Run.Training;
        Assert.Equal(recorded.Training with { Steps = 100, ScheduleSteps = 60 }, longer);
        TrainingSpec stretched = SettingsLoader.LoadForRun(samples.Request(null, "training.steps=100", "training.schedule-steps=0", "training.min-learning-rate=1e-5"), recorded, "run.json").Run.Training;
        Assert.Equal(recorded.Training with { Steps = 100, MinLearningRate = 1e-5 }, stretched);
        Assert.Equal(recorded.ToJson(), SettingsLoader.LoadForRun(samples.Request(null, "training.steps=60"), recorded, "run.json").Run.ToJson());
    }

    [Theory]
    [InlineData("training.steps", "training.steps=59")]
    [InlineData("training.learning-rate", "training.learning-rate=1e-5")]
    [InlineData("training.steps", "training.steps=60", "training.learning-rate=1e-5")]
    public void A_run_can_only_be_made_longer(string key, params string[] given)
    {
        RunSpec recorded = samples.Load(null, "preset=tiny", "training.steps=60").Run;
        string message = Assert.Throws<SettingsException>(() => SettingsLoader.LoadForRun(samples.Request(null, given), recorded, "run.json")).Message;
        Assert.StartsWith($"--set: {key} = ", message, StringComparison.Ordinal);
        Assert.Contains("more steps than the 60 of the run's record", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Going_on_with_more_nodes_than_logical_ranks_is_refused()
    {
        RunSpec recorded = samples.Load().Run;
        string message = Assert.Throws<SettingsException>(() => SettingsLoader.LoadForRun(samples.Request(null, "nodes=4"), recorded, "run.json")).Message;
        Assert.Contains("nodes = 4: expected between 1 and layout.ranks = 3", message);
    }
}
