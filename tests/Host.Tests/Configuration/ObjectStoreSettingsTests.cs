using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Host.Configuration;
using MoeActors.Host.Diagnostics;

namespace MoeActors.Host.Tests.Configuration;

public sealed class ObjectStoreSettingsTests : IDisposable
{
    private readonly Samples samples = new();

    public void Dispose() => samples.Dispose();

    [Theory]
    [InlineData("checkpoint.storage=gs://bucket/a", "checkpoint.storage = gs://bucket/a: expected nothing (the run directory) or s3://BUCKET/PREFIX")]
    [InlineData("checkpoint.storage=s3://B/a", "checkpoint.storage = s3://B/a: expected")]
    [InlineData("checkpoint.s3.endpoint=s3.example", "checkpoint.s3.endpoint = s3.example: expected the URL of a server")]
    [InlineData("checkpoint.s3.endpoint=https://s3.example/a", "expected the URL of a server without a path")]
    [InlineData("checkpoint.s3.part-size=1 MiB", "checkpoint.s3.part-size = 1 MiB: expected at least 5242880 B")]
    [InlineData("checkpoint.s3.part-size=2 GiB", "checkpoint.s3.part-size = 2 GiB: expected at most 1 GiB")]
    [InlineData("checkpoint.s3.conditional-put=never", "expected one of required, lock")]
    [InlineData("checkpoint.s3.timeout=0 s", "checkpoint.s3.timeout = 0 s: expected between 1 ms and 1 h")]
    [InlineData("checkpoint.s3.attempts=0", "checkpoint.s3.attempts = 0: expected a whole number between 1 and 100")]
    [InlineData("checkpoint.s3.regoin=x", "unknown key checkpoint.s3.regoin; did you mean checkpoint.s3.region?")]
    public void What_cannot_be_is_refused_in_a_sentence(string set, string expected) =>
        Assert.Contains(expected, samples.Refusal(null, set), StringComparison.Ordinal);

    [Fact]
    public void Credentials_come_from_the_settings_or_else_from_the_environment_and_only_in_pairs()
    {
        SettingsReader Reader(params string[] set) => new(samples.Load(null, set).Values);
        string? Environment(string name) => name switch { "AWS_ACCESS_KEY_ID" => "from-env", "AWS_SECRET_ACCESS_KEY" => "hush", "AWS_SESSION_TOKEN" => "session", _ => null };
        ObjectStoreOptions read = ObjectStoreSettings.Read(Reader(), Environment);
        Assert.Equal(("from-env", "hush", "session"), (read.AccessKey, read.SecretKey, read.SessionToken));
        read = ObjectStoreSettings.Read(Reader("checkpoint.s3.access-key=mine", "checkpoint.s3.secret-key=own"), Environment);
        Assert.Equal(("mine", "own"), (read.AccessKey, read.SecretKey));
        Assert.DoesNotContain("own", $"{read}", StringComparison.Ordinal);
        Assert.Contains("expected both or neither", samples.Refusal(null, "checkpoint.s3.access-key=mine"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_reference_has_the_defaults_of_the_options() =>
        Assert.Equal(new ObjectStoreOptions(), ObjectStoreSettings.Read(new SettingsReader(Presets.Reference("/").Values), _ => null));

    [Fact]
    public void The_place_is_recorded_with_the_run_and_the_way_to_it_is_not()
    {
        MoeSettings settings = samples.Load(null, "checkpoint.storage=s3://bucket/runs/", "checkpoint.s3.access-key=AKID-77", "checkpoint.s3.secret-key=hush-77");
        Assert.Equal("s3://bucket/runs", settings.Run.Checkpoint.Location);
        Assert.DoesNotContain("-77", settings.Run.ToJson(), StringComparison.Ordinal);
        Assert.True(RunSpecReader.IsRecorded("checkpoint.storage"));
        Assert.False(RunSpecReader.IsRecorded("checkpoint.s3.endpoint"));
    }

    [Fact]
    public void A_later_command_finds_the_way_in_the_run_directory_and_flags_win_over_it()
    {
        string folder = samples.Folder;
        NodeConfig.Write(samples.Load(null, "checkpoint.s3.endpoint=http://s3.example:9000", "checkpoint.s3.access-key=AKID-77", "checkpoint.s3.secret-key=hush-77", "nodes=2"), folder, "secret");
        ObjectStoreOptions read = SettingsLoader.Load(samples.Request() with { RunDirectory = folder }).Runtime.ObjectStore;
        Assert.Equal(("http://s3.example:9000", "AKID-77", "hush-77"), (read.Endpoint, read.AccessKey, read.SecretKey));
        MoeSettings other = SettingsLoader.Load(samples.Request(null, "checkpoint.s3.endpoint=http://other:1") with { RunDirectory = folder });
        Assert.Equal("http://other:1", other.Runtime.ObjectStore.Endpoint);
        Assert.Equal(3, other.Run.Nodes); // nothing else is taken from there
    }

    [Fact]
    public void What_another_user_may_not_read_is_not_needed_for_a_run_whose_checkpoints_lie_in_its_folder()
    {
        // A folder in its place is refused like a file of another user's, to root as well.
        string folder = Directory.CreateDirectory(Path.Combine(samples.Folder, "run", NodeConfig.Name)).Parent!.FullName;
        Assert.Equal(new ObjectStoreOptions(), SettingsLoader.Load(samples.Request() with { RunDirectory = folder }).Runtime.ObjectStore);
    }

    [Fact]
    public void The_nodes_settings_are_their_users_alone_whoever_made_a_file_of_the_name_before()
    {
        string file = Path.Combine(samples.Folder, NodeConfig.Name);
        File.WriteAllText(file, "");
        File.SetUnixFileMode(file, (UnixFileMode)0x1B6 /* rw-rw-rw- */);
        using var waiting = new StreamReader(file);
        NodeConfig.Write(samples.Load(null), samples.Folder, "hush-77");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal("", waiting.ReadToEnd());
    }

    [Fact]
    public void The_credentials_names_say_that_they_are_secrets()
    {
        string text = new Redactor().Config("checkpoint.s3 {\n access-key = AKID-77\n secret-key = hush-77\n session-token = token-77\n region = here\n}\n");
        Assert.DoesNotContain("77", text, StringComparison.Ordinal);
        Assert.Contains("here", text, StringComparison.Ordinal);
    }
}
