using Akka.Coordination;

using Npgsql;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// The lease by which two halves of a partitioned cluster decide which of them goes on (split-brain strategy lease-majority): a row of the
/// database that holds the coordinator's journal. One owner at a time; an owner that no longer renews it loses it after <see cref="Term"/>,
/// by the database's clock, so that the machines' clocks do not matter. Thread-safe. Created by Akka's lease provider.
/// </summary>
/// <remarks>One database belongs to one cluster, as with the journal.</remarks>
internal sealed class DatabaseLease : Lease, IDisposable
{
    /// <summary>Where the configuration names this class and the connection string.</summary>
    public const string ConfigPath = "moe.database-lease";

    // The two halves decide within seconds of each other; a renewal may fail twice before the lease is lost.
    internal static readonly TimeSpan Term = TimeSpan.FromSeconds(12);

    private const string Create = "create table if not exists moe_lease (name text primary key, owner text not null, expires timestamptz not null)";
    private const string Take = """
        insert into moe_lease (name, owner, expires) values (@name, @owner, now() + @term)
        on conflict (name) do update set owner = excluded.owner, expires = excluded.expires
        where moe_lease.owner = excluded.owner or moe_lease.expires < now()
        """;

    private const string GiveBack = "delete from moe_lease where name = @name and owner = @owner";

    private readonly NpgsqlDataSource database;
    private readonly Lock guard = new();
    private ITimer? renewal;
    private long heldUntil;

    /// <summary>A lease of the owner that <paramref name="settings"/> name; nothing is connected yet.</summary>
    public DatabaseLease(LeaseSettings settings)
        : base(settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        database = NpgsqlDataSource.Create(settings.LeaseConfig.GetString("connection-string", null));
    }

    /// <inheritdoc/>
    public override Task<bool> Acquire() => Acquire(_ => { });

    /// <inheritdoc/>
    public override async Task<bool> Acquire(Action<Exception> leaseLostCallback)
    {
        try
        {
            bool taken = await TakeAsync().ConfigureAwait(false);
            if (taken)
            {
                Renew(leaseLostCallback);
            }

            return taken;
        }
        catch (NpgsqlException e)
        {
            throw new LeaseException($"the database that decides which half of the cluster goes on cannot be asked: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public override async Task<bool> Release()
    {
        Forget();
        await ExecuteAsync(GiveBack).ConfigureAwait(false);
        return true;
    }

    /// <inheritdoc/>
    public override bool CheckLease() => Environment.TickCount64 < Interlocked.Read(ref heldUntil);

    /// <summary>Stops renewing, as a process that dies does.</summary>
    public void Dispose()
    {
        Forget();
        database.Dispose();
    }

    private async Task<bool> TakeAsync()
    {
        // Counted from before the question: what the answer took is no time held.
        long until = Environment.TickCount64 + (long)Term.TotalMilliseconds;
        int rows;
        try
        {
            rows = await ExecuteAsync(Take).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            await CreateAsync().ConfigureAwait(false);
            rows = await ExecuteAsync(Take).ConfigureAwait(false);
        }

        Interlocked.Exchange(ref heldUntil, rows == 1 ? until : 0);
        return rows == 1;
    }

    private async Task CreateAsync()
    {
        try
        {
            await ExecuteAsync(Create).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateTable)
        {
            // The other half created it at the same moment.
        }
    }

    private async Task<int> ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = database.CreateCommand(sql);
        command.Parameters.AddWithValue("name", Settings.LeaseName);
        command.Parameters.AddWithValue("owner", Settings.OwnerName);
        command.Parameters.AddWithValue("term", Term);
        return await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private void Renew(Action<Exception> lost)
    {
        lock (guard)
        {
            renewal?.Dispose();
            renewal = TimeProvider.System.CreateTimer(_ => _ = RenewOnceAsync(lost), null, Term / 3, Term / 3);
        }
    }

    private async Task RenewOnceAsync(Action<Exception> lost)
    {
        Exception reason = new LeaseException("another node took the lease");
        try
        {
            if (await TakeAsync().ConfigureAwait(false))
            {
                return;
            }
        }
        catch (NpgsqlException e) when (CheckLease())
        {
            // There is still time for another try.
            _ = e;
            return;
        }
        catch (NpgsqlException e)
        {
            reason = e;
        }

        Forget();
        lost(reason);
    }

    private void Forget()
    {
        lock (guard)
        {
            renewal?.Dispose();
            renewal = null;
        }

        Interlocked.Exchange(ref heldUntil, 0);
    }
}
