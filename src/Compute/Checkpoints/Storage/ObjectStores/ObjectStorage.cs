using System.Collections.Concurrent;
using System.Net;
using System.Xml.Linq;

using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>
/// A prefix of a bucket on an S3-compatible server. Shards are uploaded and verified, manifests and the fence put under conditions (CK-1). There is no lock
/// between processes: <see cref="Exclusive"/> holds within this one, conditions and the fence do the rest. Thread-safe; waits synchronously.
/// </summary>
public sealed class ObjectStorage : ICheckpointStorage, IDisposable
{
    private static readonly ConcurrentDictionary<string, SemaphoreSlim> Locks = new();
    private readonly ObjectClient client;
    private readonly ObjectLocation location;
    private readonly ObjectStoreOptions options;

    private ObjectStorage(ObjectLocation location, ObjectStoreOptions options, TimeProvider? time) =>
        (this.location, this.options, client) = (location, options, new ObjectClient(options, location.Bucket, time));

    /// <summary>
    /// Opens the place. For writing, one question is asked of the server: does it honour conditions (unless <see cref="ConditionalPut.Lock"/> does without)?
    /// Throws <see cref="ObjectStoreException"/> when it does not, or cannot be reached.
    /// </summary>
    /// <param name="location">Bucket and prefix.</param>
    /// <param name="options">The server and the credentials.</param>
    /// <param name="writes">Whether anything is to be written.</param>
    /// <param name="time">Clock that requests are signed by; null = the machine's.</param>
    public static ObjectStorage Open(ObjectLocation location, ObjectStoreOptions options, bool writes, TimeProvider? time = null)
    {
        var storage = new ObjectStorage(location, options, time);
        try
        {
            if (writes && options.Conditions == ConditionalPut.Required)
            {
                ConditionProbe.Demand(storage.client, location);
            }

            return storage;
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Location => location.ToString();

    /// <inheritdoc/>
    public string Remedy => "check checkpoint.storage and checkpoint.s3 (endpoint, region, keys), and that the bucket exists and is yours to write";

    /// <inheritdoc/>
    public bool ExcludesProcesses => false;

    /// <inheritdoc/>
    public string Describe(string name) => $"{Location}/{name}";

    /// <inheritdoc/>
    public IReadOnlyList<StoredObject> List(string folder) => folder.Length == 0 ? Page("", delimited: true).Objects : Page(folder + "/", delimited: false).Objects;

    /// <inheritdoc/>
    public IReadOnlyList<string> Folders() => Page("", delimited: true).Folders;

    /// <inheritdoc/>
    public SmallObject? Read(string name)
    {
        var request = new ObjectRequest(HttpMethod.Get, location.Key(name));
        for (int attempt = 1; ; attempt++)
        {
            using HttpResponseMessage answer = client.Send(request);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                return IsBucketMissing(request, answer) ? throw NoBucket() : null;
            }

            try
            {
                using Stream body = answer.Content.ReadAsStream();
                using var content = new MemoryStream();
                SmallObject.Room(Describe(name), answer.Content.Headers.ContentLength ?? 0);
                byte[] piece = new byte[1 << 16];
                for (int n; (n = body.Read(piece)) > 0;)
                {
                    content.Write(piece, 0, n);
                    if (content.Length > SmallObject.MostBytes)
                    {
                        SmallObject.Room(Describe(name), content.Length);
                    }
                }

                return new SmallObject(content.ToArray(), answer.Headers.ETag?.Tag ?? "");
            }
            catch (Exception e) when (ObjectClient.IsTransport(e) && attempt < client.Attempts)
            {
                client.Wait(attempt);
            }
        }
    }

    /// <inheritdoc/>
    public IStoredFile? Open(string name)
    {
        var request = new ObjectRequest(HttpMethod.Head, location.Key(name));
        using HttpResponseMessage answer = client.Send(request);
        return answer.StatusCode == HttpStatusCode.NotFound
            ? null
            : new ObjectFile(client, request.Key, answer.Content.Headers.ContentLength ?? throw new ObjectStoreException($"{Describe(name)}: the server does not say its length"));
    }

    /// <inheritdoc/>
    public void CreateFolder(string folder)
    {
        // A folder is what its objects' names begin with.
    }

    /// <inheritdoc/>
    public IWritableFile Create(string name, long length) => new ObjectUpload(client, location.Key(name), length, options.PartBytes);

    /// <inheritdoc/>
    public bool SyncFolder(string folder) => true;

    /// <inheritdoc/>
    public bool Put(string name, ReadOnlySpan<byte> content, PutCondition condition)
    {
        byte[] body = content.ToArray();
        if (options.Conditions == ConditionalPut.Lock && Read(name)?.Tag != condition.Tag)
        {
            throw Conflict(name);
        }

        List<(string, string)> headers = [("Content-MD5", Convert.ToBase64String(Digests.Md5(body)))];
        if (options.Conditions == ConditionalPut.Required)
        {
            headers.Add(condition.Tag is null ? ("If-None-Match", "*") : ("If-Match", condition.Tag));
        }

        var request = new ObjectRequest(HttpMethod.Put, location.Key(name)) { Body = body, Headers = headers };
        using HttpResponseMessage answer = client.Send(request);
        if (answer.IsSuccessStatusCode)
        {
            return true;
        }

        // If-Match on what is gone is answered with 404; so is a bucket that is not there.
        bool conflict = answer.StatusCode == HttpStatusCode.PreconditionFailed || (condition.Tag is not null && !IsBucketMissing(request, answer));
        if (!conflict)
        {
            throw answer.StatusCode == HttpStatusCode.NotFound ? NoBucket() : client.Refused(request, answer);
        }

        // An attempt whose answer was lost may have been the one that won.
        return Read(name) is { } standing && standing.Content.AsSpan().SequenceEqual(body) ? true : throw Conflict(name);
    }

    /// <inheritdoc/>
    public void Delete(string name) => client.Send(new ObjectRequest(HttpMethod.Delete, location.Key(name))).Dispose();

    /// <inheritdoc/>
    public void DeleteIf(string name, string tag)
    {
        // Not every server knows the condition on deleting: looking first narrows the gap where it does not.
        if (Read(name)?.Tag == tag)
        {
            client.Send(new ObjectRequest(HttpMethod.Delete, location.Key(name)) { Headers = [("If-Match", tag)] }).Dispose();
        }
    }

    /// <inheritdoc/>
    public void DeleteFolder(string folder)
    {
        // It is gone with its last object.
    }

    /// <inheritdoc/>
    public void DeleteLeftovers()
    {
        // A put is there as a whole or not at all. A probe may be another node's that is asking this very moment: taking it away would mislead it.
    }

    /// <inheritdoc/>
    public IDisposable Exclusive()
    {
        SemaphoreSlim gate = Locks.GetOrAdd($"{options.Endpoint} {Location}", _ => new SemaphoreSlim(1));
        gate.Wait();
        return new Released(gate);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => client.Dispose();

    private (IReadOnlyList<StoredObject> Objects, IReadOnlyList<string> Folders) Page(string below, bool delimited)
    {
        string root = location.Key(""), prefix = root + below;
        var objects = new List<StoredObject>();
        var folders = new List<string>();
        string next = "";
        do
        {
            List<(string, string)> query = [("list-type", "2"), ("prefix", prefix)];
            if (delimited)
            {
                query.Add(("delimiter", "/"));
            }

            if (next.Length > 0)
            {
                query.Add(("continuation-token", next));
            }

            var request = new ObjectRequest(HttpMethod.Get, "") { Query = query };
            using HttpResponseMessage answer = client.Send(request);
            XElement page = answer.IsSuccessStatusCode ? client.Xml(request, answer) : throw (answer.StatusCode == HttpStatusCode.NotFound ? NoBucket() : client.Refused(request, answer));
            foreach (XElement e in page.Elements())
            {
                if (e.Name.LocalName == "Contents" && ObjectClient.Value(e, "Key") is var key && !key.EndsWith('/'))
                {
                    objects.Add(new StoredObject(key[root.Length..], long.Parse(ObjectClient.Value(e, "Size"))));
                }
                else if (e.Name.LocalName == "CommonPrefixes")
                {
                    folders.Add(ObjectClient.Value(e, "Prefix")[root.Length..].TrimEnd('/'));
                }
            }

            next = ObjectClient.Value(page, "IsTruncated") == "true" ? ObjectClient.Value(page, "NextContinuationToken") : "";
        }
        while (next.Length > 0);
        return (objects, folders);
    }

    private bool IsBucketMissing(ObjectRequest request, HttpResponseMessage answer) =>
        answer.StatusCode == HttpStatusCode.NotFound && client.Refused(request, answer).Message.Contains("NoSuchBucket", StringComparison.Ordinal);

    private ObjectStoreException NoBucket() => new($"{Location}: there is no bucket {location.Bucket}; create it, or correct checkpoint.storage", HttpStatusCode.NotFound);

    private PutConflictException Conflict(string name) => new($"{Describe(name)}: changed by another process in between");

    private sealed class Released(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
