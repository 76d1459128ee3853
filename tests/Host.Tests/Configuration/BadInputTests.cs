namespace MoeActors.Host.Tests.Configuration;

public sealed class BadInputTests : IDisposable
{
    private readonly Samples samples = new();

    public void Dispose() => samples.Dispose();

    [Theory]
    [InlineData("training.lerning-rate=1", "--set: unknown key training.lerning-rate; did you mean training.learning-rate?")]
    [InlineData("learning-rate=1", "--set: unknown key learning-rate; did you mean training.learning-rate?")]
    [InlineData("qwertyuiop.asdfghjkl=1", "--set: unknown key qwertyuiop.asdfghjkl; all keys are described in hocon/moe.conf")]
    [InlineData("model.moe=8", "--set: model.moe is a section, not a value; expected a key in it, such as model.moe.experts")]
    [InlineData("preset=tinny", "--set: unknown preset tinny; did you mean tiny? ")]
    [InlineData("training.steps=many", "--set: training.steps = many: expected a whole number")]
    [InlineData("training.steps=1.5", "--set: training.steps = 1.5: expected a whole number")]
    [InlineData("training.steps=99999999999", "--set: training.steps = 99999999999: expected a whole number of at least 0")]
    [InlineData("training.steps=0", "--set: training.steps = 0: expected at least 1")]
    [InlineData("supervision.spares=17", "--set: supervision.spares = 17: expected a whole number between 0 and 16")]
    [InlineData("checkpoint.complete-every=-1", "--set: checkpoint.complete-every = -1: expected a whole number of at least 0")]
    [InlineData("recovery.step-deadline=1", "recovery.step-deadline = 1: expected 0 (never), or between 2 and 1000 times the longest of the newest steps")]
    [InlineData("recovery.step-deadline-least=100 ms", "recovery.step-deadline-least = 0.1 s: expected between 1 s and 1 d")]
    [InlineData("recovery.step-deadline-first=0 s", "recovery.step-deadline-first = 0 s: expected between 1 s and 1 d")]
    [InlineData("recovery.straggler-ratio=1.1", "recovery.straggler-ratio = 1.1: expected 0 (nobody is), or between 1.2 and 100 times the computing time of the others")]
    [InlineData("recovery.stragglers=kill", "recovery.stragglers = kill: expected one of report, relieve")]
    [InlineData("training.learning-rate=NaN", "--set: training.learning-rate = NaN: expected a number")]
    [InlineData("training.precision=fp16", "--set: training.precision = fp16: expected one of auto, fp32, bf16; did you mean bf16?")]
    [InlineData("model.tied-embedding=maybe", "--set: model.tied-embedding = maybe: expected on or off")]
    [InlineData("recovery.grace=15", "--set: recovery.grace = 15: expected a duration such as 250 ms, 3 s or 10 min")]
    [InlineData("cluster.connection-timeout=20 s", "--set: cluster.connection-timeout = 20 s: expected at least 50 ms, and less than cluster.failure-detector.acceptable-pause and cluster.split-brain.stable-after together")]
    [InlineData("data-plane.piece=256 KB", "--set: data-plane.piece = 256 KB: expected a size such as 256 KiB or 1 GiB")]
    [InlineData("data-plane.credit=1 B", "--set: data-plane.credit = 1 B: expected at least 65536 B")]
    [InlineData("cluster.port=70000", "--set: cluster.port = 70000: expected a whole number between 0 and 65535")]
    [InlineData("cluster.join=[localhost]", "--set: cluster.join = localhost: expected HOST:PORT of a running node")]
    [InlineData("run-dir=[a, b]", "--set: run-dir = a, b: expected one value, not a list")]
    [InlineData("layout.expert-parallel=2", "--set: layout.expert-parallel = 2: expected a divisor of layout.ranks = 3")]
    [InlineData("model.moe.experts=2", "layout.expert-parallel = 3: expected at most model.moe.experts = 2")]
    [InlineData("model.heads=3", "--set: model.heads = 3: expected a divisor of model.hidden = 128")]
    [InlineData("training.global-batch=13", "--set: training.global-batch = 13: expected a multiple of layout.ranks")]
    [InlineData("nodes=0", "--set: nodes = 0: expected between 1 and layout.ranks = 3")]
    [InlineData("nodes=5", "nodes = 5: training.global-batch = 12 cannot be split over 5 logical ranks; expected fewer nodes or a multiple of 5, such as --set training.global-batch=15")]
    [InlineData("cluster.host=10.0.0.5", "--set: cluster.host = 10.0.0.5: expected cluster.secret-file to be set too")]
    [InlineData("persistence.provider=postgresql", "persistence.connection-string = \"\": expected the connection string of the PostgreSQL server")]
    [InlineData("persistence.provider=mysql", "--set: persistence.provider = mysql: expected one of sqlite, postgresql")]
    [InlineData("cluster.tls.enabled=on", "cluster.tls.certificate = \"\": expected the PKCS#12 file of this node")]
    [InlineData("cluster.secret=fifteen-chars..", "--set: cluster.secret: expected a secret of at least 16 characters")]
    [InlineData("cluster.secret-file=none.txt", "--set: cluster.secret-file = none.txt: expected a readable file")]
    [InlineData("supervision.backoff-max=1 ms", "--set: supervision.backoff-max = 1 ms: expected at least supervision.backoff-min")]
    [InlineData("faults.kill-points=node-1:7:lunch", "faults.kill-points: 'node-1:7:lunch': expected NODE[/START]:STEP:PHASE[:OCCURRENCE]")]
    [InlineData("faults.kill-points=node-1:soon:update", "faults.kill-points: 'node-1:soon:update': expected NODE[/START]:STEP:PHASE[:OCCURRENCE]")]
    [InlineData("faults.kill-points=node-1:7:update", "--set: faults.kill-points = node-1:7:update: expected faults.enabled = on beside it")]
    [InlineData("nonsense", "--set nonsense: expected key=value")]
    public void A_setting_that_cannot_be_is_named_with_what_was_expected(string set, string expected) =>
        Assert.Contains(expected, samples.Refusal(null, set), StringComparison.Ordinal);

    [Fact]
    public void More_nodes_than_ranks_is_refused_where_the_layout_was_chosen() =>
        Assert.Contains("nodes = 5: expected between 1 and layout.ranks = 4", samples.Refusal(null, "preset=tiny", "layout.ranks=4", "nodes=5"), StringComparison.Ordinal);

    [Fact]
    public void A_layout_chosen_in_the_file_is_not_changed_for_the_nodes() =>
        Assert.Contains("nodes = 4: expected between 1 and layout.ranks = 3", samples.Refusal(samples.File("my.conf", "layout.ranks = 3\n"), "nodes=4"), StringComparison.Ordinal);

    [Fact]
    public void A_cluster_of_several_machines_needs_a_database_and_shared_storage()
    {
        string[] machine = ["cluster.host=10.0.0.5", "cluster.secret=hush-11-hush-11-hush"];
        Assert.Contains("persistence.provider = sqlite: expected postgresql: cluster.host = 10.0.0.5", samples.Refusal(null, machine), StringComparison.Ordinal);
        Assert.Contains("cluster.split-brain.strategy = lease-majority: expected keep-majority", samples.Refusal(null, "cluster.split-brain.strategy=lease-majority"), StringComparison.Ordinal);
        string[] database = [.. machine, "persistence.provider=postgresql", "persistence.connection-string=Host=db;Username=moe"];
        Assert.Contains("persistence.shared-storage = off: expected on", samples.Refusal(null, database), StringComparison.Ordinal);
        Assert.Equal("Host=db;Username=moe", samples.Load(null, [.. database, "persistence.shared-storage=on"]).Runtime.Persistence.ConnectionString);
    }

    [Theory]
    [InlineData("training {\n  steps = 5\n", "my.conf: line 1: the section or list opened here is never closed; expected '}'")]
    [InlineData("nodes = 2\n}\n", "my.conf: line 2: '}' closes nothing")]
    [InlineData("# it's { fine\nname = \"abc\n", "my.conf: line 2: the quote opened here is never closed")]
    [InlineData("nodes\n", "my.conf: nodes: has no value; expected nodes = VALUE")]
    [InlineData("nodes = ${none}\n", "my.conf: not valid HOCON: Unresolved substitution: none")]
    [InlineData("include \"other.conf\"\n", "my.conf: not valid HOCON: an include")]
    [InlineData("data.paths = [[a]]\n", "my.conf: data.paths: expected a list of plain values")]
    [InlineData("training.seeed = 4\n", "my.conf: unknown key training.seeed; did you mean training.seed?")]
    [InlineData("training.seed = four\n", "my.conf: training.seed = four: expected a whole number")]
    [InlineData("nodes = null\n", "my.conf: nodes = ")]
    public void A_file_that_cannot_be_used_is_named_with_the_place(string text, string expected) =>
        Assert.Contains(expected, samples.Refusal(samples.File("my.conf", text)), StringComparison.Ordinal);

    [Fact]
    public void An_optional_substitution_that_finds_nothing_leaves_the_setting_as_it_was() =>
        Assert.Equal(3, samples.Load(samples.File("my.conf", "nodes = ${?MOE_NO_SUCH_VARIABLE}\n")).Run.Nodes);

    [Fact]
    public void A_missing_file_is_named() => Assert.Equal("none.conf: cannot be read: no such file", samples.Refusal("none.conf"));

    [Fact]
    public void A_secret_is_the_first_line_of_its_file()
    {
        samples.File("secret.txt", "hush-11-hush-11-hush\nmore\n");
        Assert.Equal("hush-11-hush-11-hush", samples.Load(null, "cluster.secret-file=secret.txt").Runtime.Cluster.Secret);
        samples.File("empty.txt", "");
        Assert.Contains("a file with the secret in its first line", samples.Refusal(null, "cluster.secret-file=empty.txt"), StringComparison.Ordinal);
        Assert.Contains("not both", samples.Refusal(null, "cluster.secret-file=secret.txt", "cluster.secret=hush-11-hush-11-hush"), StringComparison.Ordinal);
    }
}
