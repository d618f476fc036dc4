// Written by scripts/list-plugins.ts from the folders beside it; do not edit.
import type { AnyProbe } from '../ports/probe.ts'
import type { AnyChannel } from '../ports/channel.ts'
import type { AnyStore } from '../ports/store.ts'
import type { AnyCatalogue } from '../ports/catalogue.ts'
import type { AnyEngine } from '../ports/backup.ts'
import type { AnyDriver } from '../ports/driver/driver.ts'
import file from './probes/file.ts'
import heartbeat from './probes/heartbeat.ts'
import http from './probes/http.ts'
import mysql from './probes/mysql.ts'
import postgres from './probes/postgres.ts'
import tcp from './probes/tcp.ts'
import smtp from './channels/smtp.ts'
import webhook from './channels/webhook.ts'
import dir from './stores/dir.ts'
import s3 from './stores/s3.ts'
import sftp from './stores/sftp.ts'
import mysqlCatalogues from './catalogues/mysql.ts'
import postgresCatalogues from './catalogues/postgres.ts'
import borg from './backups/borg.ts'
import files from './backups/files.ts'
import mariadb from './backups/mariadb.ts'
import pgbackrest from './backups/pgbackrest.ts'
import postgresBackups from './backups/postgres.ts'
import restic from './backups/restic.ts'
import dns from './drivers/dns.ts'
import galera from './drivers/galera.ts'
import haproxy from './drivers/haproxy.ts'
import httpDrivers from './drivers/http.ts'
import patroni from './drivers/patroni.ts'
import run from './drivers/run.ts'

export const probes: readonly AnyProbe[] = [file, heartbeat, http, mysql, postgres, tcp]
export const channels: readonly AnyChannel[] = [smtp, webhook]
export const stores: readonly AnyStore[] = [dir, s3, sftp]
export const catalogues: readonly AnyCatalogue[] = [mysqlCatalogues, postgresCatalogues]
export const backups: readonly AnyEngine[] = [borg, files, mariadb, pgbackrest, postgresBackups, restic]
export const drivers: readonly AnyDriver[] = [dns, galera, haproxy, httpDrivers, patroni, run]
