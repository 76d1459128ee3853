using System.Net;

using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;

namespace MoeActors.Compute.Tests.Checkpoints.Storage;

public sealed class ObjectStorageTests : StorageContract
{
    private readonly S3TestServer server = new();

    private ObjectStoreOptions Options => new()
    {
        Endpoint = server.Endpoint,
        AccessKey = "AKID",
        SecretKey = "hush-4711",
        PartBytes = 64 << 10,
        Attempts = 3,
        RetryPause = TimeSpan.FromMilliseconds(1),
    };

    public override void Dispose()
    {
        server.Dispose();
        base.Dispose();
    }

    protected override ICheckpointStorage Open() => Open(Options);

    private static ObjectStorage Open(ObjectStoreOptions options, bool writes = true) => ObjectStorage.Open(ObjectLocation.Parse("s3://bucket/runs/a")!, options, writes);

    [Fact]
    public void A_server_that_ignores_conditions_is_refused_with_the_way_out()
    {
        server.HonoursConditions = false;
        string message = Assert.Throws<ObjectStoreException>(() => Open(Options)).Message;
        Assert.Contains("ignores conditional puts", message, StringComparison.Ordinal);
        Assert.Contains("checkpoint.s3.conditional-put = lock", message, StringComparison.Ordinal);
        Assert.Empty(server.Keys); // the probe leaves nothing behind

        // Reading needs no conditions.
        Open(Options, writes: false).Dispose();
    }

    [Fact]
    public void Under_lock_the_store_looks_before_it_puts_on_a_server_that_ignores_conditions()
    {
        server.HonoursConditions = false;
        using ObjectStorage storage = Open(Options with { Conditions = ConditionalPut.Lock });
        storage.Put("fence.json", "one"u8, PutCondition.New);
        Assert.Throws<PutConflictException>(() => storage.Put("fence.json", "two"u8, PutCondition.New));
        storage.Put("fence.json", "two"u8, PutCondition.After(storage.Read("fence.json")));
        Assert.Equal("two"u8, server["runs/a/fence.json"]);
    }

    [Fact]
    public void Failures_that_may_pass_are_tried_again_and_others_are_said_at_once()
    {
        byte[] content = Noise(150_000);
        ICheckpointStorage storage = Storage;
        server.FailNext(HttpStatusCode.ServiceUnavailable);
        server.FailNext(HttpStatusCode.InternalServerError);
        Write("step-00000001/a", content);
        Assert.Equal(content, server["runs/a/step-00000001/a"]);

        int before = server.Requests.Count;
        server.FailNext(HttpStatusCode.Forbidden);
        string message = Assert.Throws<ObjectStoreException>(() => storage.List("")).Message;
        Assert.Contains("refused GET with 403", message, StringComparison.Ordinal);
        Assert.Contains("checkpoint.s3.access-key", message, StringComparison.Ordinal);
        Assert.Equal(1, server.Requests.Count - before);

        for (int i = 0; i < 3; i++)
        {
            server.FailNext(HttpStatusCode.BadGateway);
        }

        Assert.Contains("502", Assert.Throws<ObjectStoreException>(() => storage.List("")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_put_whose_answer_was_lost_counts_as_done_when_its_content_stands_there()
    {
        ICheckpointStorage storage = Storage;
        server.LoseNextAnswer();
        Assert.True(storage.Put("fence.json", "one"u8, PutCondition.New));
        Assert.Equal("one"u8, server["runs/a/fence.json"]);
    }

    [Fact]
    public void A_read_whose_connection_breaks_goes_on_where_it_broke()
    {
        byte[] content = Noise(200_000);
        Write("step-00000001/a", content);
        using IStoredFile file = Storage.Open("step-00000001/a")!;
        server.BreakNextGetAfter(70_000);
        using IRangeReader range = file.Range(10, 190_000);
        byte[] all = new byte[190_000];
        for (int filled = 0, n; filled < all.Length; filled += n)
        {
            n = range.Read(all.AsSpan(filled));
            Assert.True(n > 0);
        }

        Assert.Equal(content[10..190_010], all);
        Assert.Equal(2, server.Requests.Count(r => r.StartsWith("GET /bucket/runs/a/step-00000001/a", StringComparison.Ordinal)));
    }

    [Fact]
    public void Many_small_ranges_side_by_side_cost_one_request_and_a_large_one_its_own()
    {
        byte[] content = Noise(900_000);
        Write("step-00000001/a", content);
        using IStoredFile file = Storage.Open("step-00000001/a")!;
        int before = server.Requests.Count;
        byte[] piece = new byte[3000];
        for (int at = 0; at + piece.Length <= content.Length; at += 7001)
        {
            using IRangeReader range = file.Range(at, piece.Length);
            Assert.Equal(piece.Length, range.Read(piece));
            Assert.Equal(content[at..(at + piece.Length)], piece);
        }

        Assert.Equal(1, server.Requests.Count - before);
        using IRangeReader large = file.Range(0, 500_000);
        Assert.NotEqual(0, large.Read(piece));
        Assert.Equal(2, server.Requests.Count - before);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(64 << 10)]
    [InlineData((64 << 10) + 1)]
    [InlineData(300_000)]
    public void Bytes_that_the_server_stored_otherwise_are_found_by_tag_or_by_reading_back(int bytes)
    {
        server.TagsAreDigests = false; // nothing the server says can be compared: the bytes are read back
        byte[] content = Noise(bytes);
        Write("step-00000001/a", content);
        Assert.Equal(content, server["runs/a/step-00000001/a"]);
        server.CorruptPuts = true;
        Assert.Contains("stored other bytes", Assert.Throws<ObjectStoreException>(() => Write("step-00000001/b", content)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_upload_given_up_is_aborted()
    {
        using (IWritableFile file = Storage.Create("step-00000001/a", 1 << 20))
        {
            file.Append(Noise(200_000));
            Assert.Equal(1, server.UnfinishedUploads);
        }

        Assert.Equal(0, server.UnfinishedUploads);
        Assert.Empty(server.Keys);
    }

    [Fact]
    public void A_fence_raised_while_a_manifest_is_put_withdraws_the_manifest()
    {
        using var state = new SampleState(1);
        using ObjectStorage inner = Open(Options);
        Manifest manifest = state.Write(inner, 7, 1, token: 3);

        // The lock holds within one process; the same server under another spelling stands for another process.
        using ObjectStorage elsewhere = Open(Options with { Endpoint = server.Endpoint + "/" }, writes: false);
        var storage = new RaisingStorage(inner, new CheckpointStore(elsewhere), token: 4);
        string message = Assert.Throws<CheckpointException>(() => new CheckpointStore(storage).Publish(manifest, SampleState.Expected)).Message;
        Assert.Contains("withdrawn", message, StringComparison.Ordinal);
        Assert.Null(new CheckpointStore(inner).Newest());
        Assert.Equal(4, new CheckpointStore(inner).Fence());
    }

    [Fact]
    public void What_cannot_be_reached_or_is_not_there_is_one_sentence_without_the_secret()
    {
        ObjectStoreOptions nowhere = Options with { Endpoint = "http://127.0.0.1:1", Attempts = 2 };
        string message = Assert.Throws<CheckpointException>(() => new CheckpointStore(Open(nowhere, writes: false)).List()).Message;
        Assert.Contains("http://127.0.0.1:1 does not answer", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush-4711", message + nowhere, StringComparison.Ordinal);
        Assert.DoesNotContain("AKID", message + nowhere, StringComparison.Ordinal);

        string bucket = Assert.Throws<ObjectStoreException>(() => ObjectStorage.Open(ObjectLocation.Parse("s3://other/a")!, Options, writes: false).List("")).Message;
        Assert.Contains("there is no bucket other", bucket, StringComparison.Ordinal);
    }

    /// <summary>Another coordinator raises the fence right after the manifest was put.</summary>
    private sealed class RaisingStorage(ICheckpointStorage inner, CheckpointStore other, long token) : ICheckpointStorage
    {
        public string Location => inner.Location;

        public string Remedy => inner.Remedy;

        public bool ExcludesProcesses => inner.ExcludesProcesses;

        public string Describe(string name) => inner.Describe(name);

        public IReadOnlyList<StoredObject> List(string folder) => inner.List(folder);

        public IReadOnlyList<string> Folders() => inner.Folders();

        public SmallObject? Read(string name) => inner.Read(name);

        public IStoredFile? Open(string name) => inner.Open(name);

        public void CreateFolder(string folder) => inner.CreateFolder(folder);

        public IWritableFile Create(string name, long length) => inner.Create(name, length);

        public bool SyncFolder(string folder) => inner.SyncFolder(folder);

        public bool Put(string name, ReadOnlySpan<byte> content, PutCondition condition)
        {
            bool durable = inner.Put(name, content, condition);
            other.RaiseFence(token);
            return durable;
        }

        public void Delete(string name) => inner.Delete(name);

        public void DeleteIf(string name, string tag) => inner.DeleteIf(name, tag);

        public void DeleteFolder(string folder) => inner.DeleteFolder(folder);

        public void DeleteLeftovers() => inner.DeleteLeftovers();

        public IDisposable Exclusive() => inner.Exclusive();
    }
}
