using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

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
    [InlineData("training.steps=99999999999", "--set: training.steps = 99999999999: expected a whole number of at most 2147483647")]
    [InlineData("training.seed=99999999999999999999999", "--set: training.seed = 99999999999999999999999: expected a whole number of at most 9223372036854775807")]
    [InlineData("training.steps=-1", "--set: training.steps = -1: expected a whole number of at least 0")]
    [InlineData("training.learning-rate=1e999", "--set: training.learning-rate = 1e999: expected a number of at most 1.797")]
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
    [InlineData("model.moe.gate=topk", "--set: model.moe.gate = topk: expected one of top-k, gshard, ")]
    [InlineData("model.moe.gate=deepseek-v4", "; did you mean deepseek-v")]
    [InlineData("model.moe.capacity-policy=scores", "; did you mean score?")]
    [InlineData("model.moe.losses=[balanse]", "; did you mean balance?")]
    [InlineData("model.moe.losses=[balance much]", "--set: model.moe.losses = balance much: expected balance and at most one number of 0 or more after it, such as balance 0.01")]
    [InlineData("model.moe.losses=[load]", "--set: model.moe.losses = load: expected model.moe.noisy-gate = on beside it")]
    [InlineData("model.moe.groups=3", "--set: model.moe.groups = 3: expected a divisor of model.moe.experts = 8")]
    [InlineData("model.moe.groups=4", "--set: model.moe.groups = 4: expected 1 with model.moe.gate = top-k, which does not go by it")]
    [InlineData("model.moe.kept-groups=2", "--set: model.moe.kept-groups = 2: expected between 1 and model.moe.groups = 1")]
    [InlineData("model.moe.top-k=9", "--set: model.moe.top-k = 9: expected between 1 and model.moe.experts = 8")]
    [InlineData("model.moe.gate=null-experts", "model.moe.null-experts = 0: expected at least 1 with model.moe.gate = null-experts")]
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
    [InlineData("recovery.grace=99999999999999999999 h", "--set: recovery.grace = 99999999999999999999 h: expected a duration such as 250 ms, 3 s or 10 min, at most 480 h")]
    [InlineData("recovery.grace=5000 h", "--set: recovery.grace = 5000 h: expected a duration between 0 s and 480 h")]
    [InlineData("cluster.failure-detector.heartbeat-interval=0 ms", "--set: cluster.failure-detector.heartbeat-interval = 0 ms: expected a duration between 10 ms and 480 h")]
    [InlineData("data-plane.piece=8 GiB", "--set: data-plane.piece = 8 GiB: expected at most 1.00 GiB")]
    [InlineData("resources.disk-reserve=9999999999 TiB", "--set: resources.disk-reserve = 9999999999 TiB: expected a size such as 256 KiB or 1 GiB, at most 1024.00 TiB")]
    [InlineData("model.layers=2147483647", "--set: model.layers = 2147483647: expected at most 10000")]
    [InlineData("model.vocabulary=2147483647", "--set: model.vocabulary = 2147483647: expected at most 16777216")]
    [InlineData("model.context=2147483647", "--set: model.context = 2147483647: expected at most 16777216")]
    [InlineData("model.hidden=2147483632", "--set: model.hidden = 2147483632: expected at most 1048576")]
    [InlineData("model.feed-forward=2147483647", "--set: model.feed-forward = 2147483647: expected at most 16777216")]
    [InlineData("model.moe.experts=2147483647", "--set: model.moe.experts = 2147483647: expected at most 65536")]
    [InlineData("model.moe.experts=65536,model.layers=10000", "--set: model.moe.experts = 65536: expected at most 26 with 10000 layers of them")]
    [InlineData("model.moe.every=2147483647", "--set: model.moe.every = 2147483647: expected at most 10000")]
    [InlineData("model.moe.expert-hidden=2147483647", "--set: model.moe.expert-hidden = 2147483647: expected at most 16777216")]
    [InlineData("model.moe.shared-experts=2147483647", "--set: model.moe.shared-experts = 2147483647: expected 0 or more, and at most a width of 16777216")]
    [InlineData("model.hidden=1048576,model.layers=1000", "model.hidden = 1048576: expected a model of at most 1e14 parameters")]
    [InlineData("layout.ranks=2147483647", "--set: layout.ranks = 2147483647: expected at most 4096")]
    [InlineData("layout.threads-per-rank=2147483647", "--set: layout.threads-per-rank = 2147483647: expected at most 1024")]
    [InlineData("layout.chunk-rows=2147483647", "--set: layout.chunk-rows = 2147483647: expected at most 16777216")]
    [InlineData("nodes=2147483647", "--set: nodes = 2147483647: expected a whole number between 0 and 4096")]
    [InlineData("training.micro-batches=2147483647", "--set: training.micro-batches = 2147483647: expected at most 65536")]
    [InlineData("training.micro-batches=1048576,nodes=4096", "nodes = 4096: training.global-batch = 12 cannot be split over 4096 logical ranks")]
    [InlineData("training.global-batch=2147483646", "--set: training.global-batch = 2147483646: expected at most 16777216 sequences")]
    [InlineData("training.global-batch=16777215,model.context=16777216", "--set: training.global-batch = 16777215: expected at most 16777216 sequences, and at most 268435456 tokens")]
    [InlineData("generation.tokens=2147483647", "--set: generation.tokens = 2147483647: expected a whole number between 1 and 10000000")]
    [InlineData("training.beta1=1", "--set: training.beta1 = 1: expected at least 0 and below 1")]
    [InlineData("training.beta2=1", "--set: training.beta2 = 1: expected at least 0 and below 1")]
    [InlineData("training.beta2=0.9999999999", "--set: training.beta2 = 0.9999999999: expected at least 0 and below 1")]
    [InlineData("training.epsilon=0", "--set: training.epsilon = 0: expected between 1E-30 and 1")]
    [InlineData("training.learning-rate=1e300", "--set: training.learning-rate = 1E+300: expected between 1E-30 and 10000")]
    [InlineData("model.norm-epsilon=0", "--set: model.norm-epsilon = 0: expected between 1E-30 and 1")]
    [InlineData("model.init-std=0", "--set: model.init-std = 0: expected between 1E-30 and 10000")]
    [InlineData("model.moe.top-k=1", "--set: model.moe.top-k = 1: expected model.moe.normalize-top-k = off beside it, or 2 and more: the weight of a token's only expert would be 1")]
    [InlineData("model.moe.top-k=1,model.moe.normalize-top-k=off,model.moe.gate-order=top-k-then-softmax", "--set: model.moe.top-k = 1: expected model.moe.gate-order = softmax-then-top-k")]
    [InlineData("data.paths=", "--set data.paths=: an empty value; expected --set data.paths=VALUE, or --set 'data.paths=\"\"' where nothing is meant")]
    [InlineData("run-dir=", "--set run-dir=: an empty value")]
    [InlineData("data.paths=\"\"", "--set: data.paths = \"\": expected nothing empty in the list; [] is a list without items")]
    [InlineData("data.paths=[a.txt, \"\"]", "--set: data.paths = a.txt, : expected nothing empty in the list")]
    [InlineData("data.paths=[,b.txt]", "--set data.paths: an empty item in [,b.txt]")]
    [InlineData("data.paths=[\"a.txt]", "--set data.paths: a quote in the list is never closed")]
    [InlineData("model.name=\" \"", "--set: model.name =  : expected a text that is not empty")]
    [InlineData("node.name=a/../../b", "--set: node.name = a/../../b: expected at most 100 characters, no blank and no slash among them")]
    [InlineData("cluster.secret=[hush-1, hush-2]", "--set: cluster.secret = ***: expected one value, not a list")]
    [InlineData("checkpoint.s3.endpoint=https://me:hush@s3.example", "--set: checkpoint.s3.endpoint = ***: expected the URL of a server")]
    [InlineData("nonsense", "--set nonsense: expected key=value")]
    public void A_setting_that_cannot_be_is_named_with_what_was_expected(string set, string expected) =>
        Assert.Contains(expected, samples.Refusal(null, set.Contains('[', StringComparison.Ordinal) ? [set] : set.Split(',')), StringComparison.Ordinal);

    [Theory]
    [InlineData("data.paths=[\"a,b.txt\"]", "a,b.txt")]
    [InlineData("data.paths=[ \"a,b.txt\" , c.txt ]", "a,b.txt|c.txt")]
    [InlineData("data.paths=[\"q\\\"x.txt\", d]", "q\"x.txt|d")]
    [InlineData("data.paths=\"a,b.txt\"", "a,b.txt")]
    [InlineData("data.paths=a\"b.txt", "a\"b.txt")]
    [InlineData("data.paths=[]", "")]
    public void Commas_and_quotes_inside_quotes_belong_to_the_value(string set, string paths) =>
        Assert.Equal(paths.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(p => Path.Combine(samples.Folder, p)), samples.Load(null, set).Run.Data.Paths);

    [Fact]
    public void Nothing_is_meant_where_nothing_stands_in_quotes() => Assert.Null(samples.Load(samples.File("my.conf", "run-dir = r\n"), "run-dir=\"\"").Runtime.RunDirectory);

    [Fact]
    public void The_folder_of_the_data_cannot_be_that_of_the_run() =>
        Assert.Contains("expected another folder than data.paths", samples.Refusal(null, "data.paths=d", "run-dir=d/"), StringComparison.Ordinal);

    [Theory]
    [InlineData("model.moe.top-k=1", "model.moe.normalize-top-k=off")]
    [InlineData("model.moe.top-k=1", "model.moe.experts=1", "layout.expert-parallel=1", "checkpoint.k-snapshot=1")]
    public void One_expert_a_token_is_allowed_where_its_weight_means_something_or_there_is_no_other(params string[] set) => Assert.Equal(1, samples.Load(null, set).Run.Model.Moe.TopK);

    [Fact]
    public void A_run_that_was_begun_with_settings_refused_today_goes_on()
    {
        RunSpec recorded = samples.Load().Run;
        recorded = recorded with { Model = recorded.Model with { Moe = recorded.Model.Moe with { TopK = 1 } } };
        Assert.Equal(recorded.ToJson(), SettingsLoader.LoadForRun(samples.Request(), recorded, "run.json").Run.ToJson());
    }

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
    [InlineData("nodes = ${none}\n", "my.conf: nodes: ${none} is neither a setting of this file nor a variable of the environment")]
    [InlineData("data.paths = \"\"\n", "my.conf: data.paths = \"\": expected nothing empty in the list")]
    [InlineData("data.paths = [a, \"\"]\n", "my.conf: data.paths = a, : expected nothing empty in the list")]
    [InlineData("data.paths = [\"a\\u0000b\"]\n", ": expected a path")]
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
    public void A_list_of_blanks_has_no_items() => Assert.Empty(samples.Load(samples.File("my.conf", "data.paths = [ ]\n")).Run.Data.Paths);

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
